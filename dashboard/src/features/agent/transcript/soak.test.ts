import { expect, it } from "vitest";
import type { PageRequest } from "@/api/agents";
import type { EventsPage, TranscriptEvent } from "@/api/types";
import type { Watcher } from "@/live/watches";
import type { Clock } from "./cadence";
import { type Source, TranscriptStore } from "./store";
import { CAP } from "./window";

/** A small generator with a seed (mulberry32): a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A server that restarts, forgets what it had not committed, and gives those numbers out again. */
class ShakyServer implements Source {
  log: TranscriptEvent[] = [];
  committed = 0;
  private watcher: Watcher | null = null;
  private connected = true;
  private sent = 0;
  private life = 1;

  async page({ before, after, limit }: PageRequest): Promise<EventsPage> {
    await Promise.resolve();
    // Pages are read from the store: only what is committed.
    const last = this.committed;
    const end = after === undefined ? Math.min(last, (before ?? last + 1) - 1) : last;
    const first = after === undefined ? Math.max(1, end - limit + 1) : after + 1;
    const events = this.log.slice(first - 1, Math.min(end, first - 1 + limit));
    const hasAfter = first + events.length - 1 < last;
    return { agentId: "a", first, last, hasBefore: first > 1, hasAfter, events };
  }

  watch(watcher: Watcher): () => void {
    this.watcher = watcher;
    if (this.connected) this.resume(false);
    return () => {
      this.watcher = null;
    };
  }

  write(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const content = `${this.log.length + 1} of life ${this.life}`;
      this.log.push({ type: "output", msgType: "text", content });
    }
    this.flush();
  }

  commit(): void {
    this.committed = this.log.length;
  }

  lose(): void {
    this.connected = false;
  }

  reconnect(restarted: boolean): void {
    if (restarted) {
      this.life += 1;
      this.log.length = this.committed;
    }
    this.connected = true;
    this.resume(restarted);
  }

  private resume(epochChanged: boolean): void {
    if (!this.watcher) return;
    const last = this.log.length;
    this.sent = Math.min(this.watcher.resume(epochChanged), last);
    const { committed } = this;
    this.watcher.receive({ type: "watching", agentId: "a", first: this.sent + 1, last, committed });
    this.flush();
  }

  private flush(): void {
    while (this.connected && this.watcher && this.sent < this.log.length) {
      const events = this.log.slice(this.sent, this.sent + 300);
      const first = this.sent + 1;
      this.sent += events.length;
      const { committed } = this;
      this.watcher.receive({ type: "events", agentId: "a", first, committed, events });
    }
  }
}

class HandClock implements Clock {
  private time = 0;
  private frames: (() => void)[] = [];
  now = () => this.time;
  frame = (callback: () => void) => {
    this.frames.push(callback);
  };
  later = () => setTimeout(() => undefined, 0);
  async settle(): Promise<void> {
    for (let i = 0; i < 12; i += 1) {
      await Promise.resolve();
      this.time += 200;
      for (const callback of this.frames.splice(0)) callback();
    }
  }
}

async function soak(seed: number): Promise<number> {
  const next = random(seed);
  const upTo = (most: number) => Math.floor(next() * most);
  const server = new ShakyServer();
  const clock = new HandClock();
  const store = new TranscriptStore(server, clock);
  server.write(upTo(3_000));
  server.commit();
  await store.start();
  const actions: (() => unknown)[] = [
    () => server.write(upTo(400)),
    () => server.write(upTo(5)),
    () => server.commit(),
    () => {
      server.lose();
      server.write(upTo(500));
      server.reconnect(false);
    },
    () => {
      server.lose();
      server.write(upTo(50));
      server.reconnect(true);
    },
    () => store.setFollowing(false),
    () => store.loadBefore(),
    () => store.loadAfter(),
    () => store.jumpTo(1 + upTo(server.committed)),
    () => store.jumpToEnd(),
  ];
  let compared = 0;
  for (let step = 0; step < 300; step += 1) {
    const action = actions[upTo(actions.length)];
    const pending = action?.();
    // Sometimes more happens while a page is still under way.
    if (next() < 0.3) server.write(upTo(20));
    await pending;
    await clock.settle();
    const { items, following, newest } = store.get();
    const first = items[0]?.seq ?? 1;
    const shown = items.map((item) => item.kind === "text" && item.event.content);
    const truth = server.log.slice(first - 1, first - 1 + items.length);
    expect(shown, `seed ${seed}, step ${step}`).toEqual(
      truth.map((event) => event.type === "output" && event.content),
    );
    expect(items.length).toBeLessThanOrEqual(CAP);
    expect(newest, `seed ${seed}, step ${step}`).toBe(server.log.length);
    if (following) expect(items.at(-1)?.seq ?? 0).toBe(newest);
    compared += items.length;
  }
  store.stop();
  return compared;
}

it.each([1, 2, 3, 4, 5, 6])(
  "shows what the server holds, in order and once, whatever happens (seed %i)",
  async (seed) => {
    expect(await soak(seed)).toBeGreaterThan(10_000);
  },
);
