/**
 * How often the page is drawn: every frame when calm, seldom when events rain. Must not know what
 * is drawn.
 */

/** Above this many new events a second rows are drawn condensed and at most eight times a second. */
const RAIN_PER_SECOND = 60;
const RAIN_GAP_MS = 120;
const CALM_AFTER_MS = 500;
const RATE_WINDOW_MS = 250;

export interface Clock {
  now(): number;
  frame(callback: () => void): void;
  later(callback: () => void, ms: number): ReturnType<typeof setTimeout>;
}

export const browserClock: Clock = {
  now: () => performance.now(),
  frame: (callback) => {
    // Hidden pages get no frames; they need no drawing either until they are seen again.
    requestAnimationFrame(callback);
  },
  later: (callback, ms) => setTimeout(callback, ms),
};

export class Cadence {
  private asked = false;
  private lastDraw = Number.NEGATIVE_INFINITY;
  private arrived = 0;
  private windowStart = 0;
  private calmTimer: ReturnType<typeof setTimeout> | undefined;
  raining = false;

  constructor(
    private readonly draw: () => void,
    private readonly clock: Clock = browserClock,
  ) {}

  /** Asks for a drawing soon; `events` new ones came since the last call. */
  ask(events = 0): void {
    this.measure(events);
    if (this.asked) return;
    this.asked = true;
    this.clock.frame(this.tick);
  }

  stop(): void {
    clearTimeout(this.calmTimer);
  }

  private readonly tick = (): void => {
    const gap = this.raining ? RAIN_GAP_MS : 0;
    if (this.clock.now() - this.lastDraw < gap) {
      this.clock.frame(this.tick);
      return;
    }
    this.asked = false;
    this.lastDraw = this.clock.now();
    this.draw();
  };

  private measure(events: number): void {
    this.arrived += events;
    const passed = this.clock.now() - this.windowStart;
    if (passed >= RATE_WINDOW_MS) {
      // A long silence before counts as one window, or a single event would look like calm rain.
      if ((this.arrived * 1_000) / Math.min(passed, 1_000) > RAIN_PER_SECOND) this.rain();
      this.arrived = 0;
      this.windowStart = this.clock.now();
    }
  }

  private rain(): void {
    this.raining = true;
    clearTimeout(this.calmTimer);
    this.calmTimer = this.clock.later(() => {
      this.raining = false;
      this.ask();
    }, CALM_AFTER_MS);
  }
}
