/**
 * One agent's transcript as React reads it: snapshots of a window that pages both ways and follows
 * the live end. Owns paging and following; must not know how rows look.
 */
import type { PageRequest } from "@/api/agents";
import type { AgentFrame, EventsPage, LiveDelta, TokenTotals, TranscriptEvent } from "@/api/types";
import type { Watcher } from "@/live/watches";
import { browserClock, Cadence, type Clock } from "./cadence";
import { type Item, toItems } from "./items";
import { type Partial, Partials } from "./partials";
import { EventWindow } from "./window";

const FIRST_PAGE = 100;
const PAGE = 200;

export type Loading = "none" | "start" | "before" | "after" | "jump";

export interface Snapshot {
  items: readonly Item[];
  /** What is being written now, after the last item; empty while the end is out of the window. */
  partials: readonly Partial[];
  newest: number;
  hasBefore: boolean;
  hasAfter: boolean;
  following: boolean;
  /** Events that came since the reader left the end. */
  missed: number;
  loading: Loading;
  /** A sentence for a human; null when all is well. */
  error: string | null;
  /** Events rain: draw rows condensed. */
  skim: boolean;
  totals: TokenTotals | null;
}

/** What the store needs from outside. */
export interface Source {
  page(request: PageRequest): Promise<EventsPage>;
  /** Begins to follow; returns how to stop. */
  watch(watcher: Watcher): () => void;
}

const EMPTY: Snapshot = {
  items: [],
  partials: [],
  newest: 0,
  hasBefore: false,
  hasAfter: false,
  following: true,
  missed: 0,
  loading: "start",
  error: null,
  skim: false,
  totals: null,
};

export class TranscriptStore implements Watcher {
  private readonly window = new EventWindow();
  private readonly partials = new Partials();
  private readonly cadence: Cadence;
  private readonly listListeners = new Set<() => void>();
  private readonly textListeners = new Set<() => void>();
  private items: Item[] = [];
  private snapshot = EMPTY;
  private following = true;
  private leftAt = 0;
  private loading: Loading = "none";
  private error: string | null = null;
  private listChanged = false;
  private unwatch: (() => void) | null = null;
  private stopped = false;
  private totals: TokenTotals | null = null;
  /** Frames of an earlier watch may still come until the server confirms the new one. */
  private confirmed = false;

  constructor(
    private readonly source: Source,
    clock: Clock = browserClock,
  ) {
    this.cadence = new Cadence(() => this.draw(), clock);
  }

  // Read by React: stable functions.
  readonly get = (): Snapshot => this.snapshot;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listListeners.add(listener);
    return () => this.listListeners.delete(listener);
  };
  readonly subscribeText = (listener: () => void): (() => void) => {
    this.textListeners.add(listener);
    return () => this.textListeners.delete(listener);
  };
  readonly partialText = (key: string): string => this.partials.text(key);

  /** Loads the newest page and follows from there. May be called again after an error. */
  async start(): Promise<void> {
    this.stopped = false;
    const page = await this.load("start", { limit: FIRST_PAGE });
    if (!page) return;
    this.window.reset(page);
    this.unwatch ??= this.source.watch(this);
    this.show();
  }

  stop(): void {
    this.stopped = true;
    this.unwatch?.();
    this.unwatch = null;
    this.cadence.stop();
  }

  resume(epochChanged: boolean): number {
    if (epochChanged) this.drop(this.window.committed);
    // Deltas in between are lost, and half a sentence is worse than a short wait.
    this.partials.clear();
    this.confirmed = false;
    this.show();
    return this.following ? this.window.last : this.window.newest;
  }

  receive(frame: AgentFrame): void {
    switch (frame.type) {
      case "events":
        this.takeEvents(frame.first, frame.events as TranscriptEvent[]);
        this.window.committed = frame.committed;
        break;
      case "deltas":
        this.takeDeltas(frame.deltas);
        break;
      case "watching":
        this.confirmed = true;
        this.window.committed = frame.committed;
        // The server knows less than this page: what it lost will come again, perhaps differently.
        if (frame.last < this.window.newest) {
          this.drop(frame.last);
          this.show();
        }
        break;
      case "tokens":
        this.totals = frame.tokens;
        this.changeList();
        break;
      default:
        break;
    }
  }

  /** Whether the view keeps to the newest event. Leaving the end is the reader's choice alone. */
  setFollowing(following: boolean): void {
    if (following === this.following) return;
    if (following && this.window.hasAfter) {
      void this.jumpToEnd();
      return;
    }
    this.following = following;
    this.leftAt = this.window.newest;
    this.show();
  }

  async jumpToEnd(): Promise<void> {
    if (this.window.hasAfter || this.window.isLost) {
      const page = await this.load("jump", { limit: FIRST_PAGE });
      if (!page) return;
      this.window.reset(page);
      this.following = true;
      // What came while the page was under way is sent again from the page's end.
      this.rewatch();
    }
    this.following = true;
    this.show();
  }

  /** Shows the part of the transcript around event `seq` and stops following. */
  async jumpTo(seq: number): Promise<void> {
    const before = Math.min(this.window.newest + 1, seq + PAGE / 2);
    const page = await this.load("jump", { before, limit: PAGE });
    if (!page) return;
    this.window.reset(page);
    this.leaveEnd();
    this.show();
  }

  async loadBefore(): Promise<void> {
    if (this.loading !== "none" || !this.window.hasBefore) return;
    const page = await this.load("before", { before: this.window.first, limit: PAGE });
    if (page && this.window.prepend(page) && this.window.hasAfter) this.leaveEnd();
    this.show();
  }

  async loadAfter(): Promise<void> {
    if (this.loading !== "none" || !this.window.hasAfter) return;
    const page = await this.load("after", { after: this.window.last, limit: PAGE });
    if (page) this.window.append(page);
    this.show();
  }

  private leaveEnd(): void {
    if (!this.following) return;
    this.following = false;
    this.leftAt = this.window.newest;
  }

  private drop(after: number): void {
    this.window.dropAfter(after);
    if (this.window.isLost) void this.jumpToEnd();
  }

  private takeEvents(first: number, events: TranscriptEvent[]): void {
    const gap = first > this.window.last + 1;
    this.window.takeLive(first, events, this.following);
    for (const event of events) this.partials.settle(event);
    this.listChanged = true;
    this.cadence.ask(events.length);
    // Never shown with a hole: what is missing is sent again before anything newer appears.
    if (gap && this.following && this.confirmed) this.rewatch();
  }

  private rewatch(): void {
    this.unwatch?.();
    this.unwatch = this.source.watch(this);
  }

  private takeDeltas(deltas: LiveDelta[]): void {
    let began = false;
    for (const delta of deltas) {
      if (this.partials.take(delta)) began = true;
    }
    if (began) this.listChanged = true;
    this.cadence.ask();
  }

  private async load(loading: Loading, request: PageRequest): Promise<EventsPage | null> {
    this.loading = loading;
    this.error = null;
    this.changeList();
    try {
      const page = await this.source.page(request);
      return this.stopped ? null : page;
    } catch (error) {
      this.error = error instanceof Error ? error.message : "The transcript could not be loaded.";
      return null;
    } finally {
      this.loading = "none";
      this.changeList();
    }
  }

  private changeList(): void {
    this.listChanged = true;
    this.cadence.ask();
  }

  /** Draws now: for what a person asked for. */
  private show(): void {
    this.listChanged = true;
    this.draw();
  }

  private draw(): void {
    const { window } = this;
    const skim = this.cadence.raining;
    if (this.listChanged || skim !== this.snapshot.skim) {
      this.listChanged = false;
      this.items = toItems(window.events, window.first, this.items);
      this.snapshot = {
        items: this.items,
        partials: window.hasAfter ? [] : this.partials.list,
        newest: window.newest,
        hasBefore: window.hasBefore,
        hasAfter: window.hasAfter,
        following: this.following,
        missed: this.following ? 0 : Math.max(0, window.newest - this.leftAt),
        loading: this.loading,
        error: this.error,
        skim,
        totals: this.totals,
      };
      for (const listener of this.listListeners) listener();
    }
    for (const listener of this.textListeners) listener();
  }
}
