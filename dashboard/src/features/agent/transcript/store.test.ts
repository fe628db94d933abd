import { describe, expect, it } from "vitest";
import type { PageRequest } from "@/api/agents";
import type { EventsPage } from "@/api/types";
import type { Watcher } from "@/live/watches";
import type { Clock } from "./cadence";
import { events, page } from "./fixtures";
import { type Source, TranscriptStore } from "./store";
import { CAP } from "./window";

/** Time and frames by hand. */
class HandClock implements Clock {
  time = 1_000;
  frames: (() => void)[] = [];
  now = () => this.time;
  frame = (callback: () => void) => {
    this.frames.push(callback);
  };
  later = (callback: () => void, ms: number) => setTimeout(callback, ms);
  tick(ms = 16): void {
    this.time += ms;
    for (const callback of this.frames.splice(0)) callback();
  }
}

/** A server with a transcript of `last` events and at most one watcher. */
class Server implements Source {
  watcher: Watcher | null = null;
  watchedAfter: number[] = [];
  requests: PageRequest[] = [];
  failing = false;

  constructor(public last: number) {}

  async page(request: PageRequest): Promise<EventsPage> {
    this.requests.push(request);
    if (this.failing) throw new Error("The server cannot be reached.");
    if (request.after !== undefined) {
      const first = request.after + 1;
      return page(first, Math.min(request.limit, this.last - request.after), this.last);
    }
    const end = (request.before ?? this.last + 1) - 1;
    const first = Math.max(1, end - request.limit + 1);
    return page(first, end - first + 1, this.last);
  }

  watch(watcher: Watcher): () => void {
    this.watcher = watcher;
    this.connect(false);
    return () => {
      this.watcher = null;
    };
  }

  /** What a server does on `watch {after}`: confirms, then sends everything newer. */
  connect(epochChanged: boolean): void {
    const after = this.watcher?.resume(epochChanged) ?? 0;
    this.watchedAfter.push(after);
    const { last } = this;
    this.watcher?.receive({
      type: "watching",
      agentId: "a",
      first: after + 1,
      last,
      committed: last,
    });
    if (last > after) this.send(after + 1, last - after);
  }

  send(first: number, length: number, committed = first + length - 1): void {
    const frame = events(first, length);
    this.watcher?.receive({ type: "events", agentId: "a", first, committed, events: frame });
  }

  live(length: number): void {
    this.last += length;
    this.send(this.last - length + 1, length);
  }
}

function setUp(last: number) {
  const server = new Server(last);
  const clock = new HandClock();
  const store = new TranscriptStore(server, clock);
  const seqs = () => store.get().items.map((item) => item.seq);
  return { server, clock, store, seqs };
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe("TranscriptStore", () => {
  it("shows the newest page, then what comes live", async () => {
    const { server, clock, store, seqs } = setUp(500);
    await store.start();
    expect(seqs()).toEqual(range(401, 500));
    server.live(3);
    clock.tick();
    expect(seqs()).toEqual(range(401, 503));
  });

  it("goes on without a gap or a double after a reconnect", async () => {
    const { server, clock, store, seqs } = setUp(50);
    await store.start();
    server.live(5);
    server.last += 40; // while the connection was down
    server.connect(false);
    server.live(1);
    clock.tick();
    expect(server.watchedAfter).toEqual([50, 55]);
    expect(seqs()).toEqual(range(1, 96));
  });

  it("drops what a new server does not know and takes its numbers instead", async () => {
    const { server, clock, store, seqs } = setUp(10);
    await store.start();
    server.send(11, 5, 12);
    server.last = 12;
    server.connect(true);
    server.live(1);
    clock.tick();
    expect(server.watchedAfter).toEqual([10, 12]);
    expect(seqs()).toEqual(range(1, 13));
  });

  it("asks again when a frame leaves a hole", async () => {
    const { server, clock, store, seqs } = setUp(10);
    await store.start();
    server.last = 20;
    server.send(15, 6);
    clock.tick();
    expect(seqs()).toEqual(range(1, 20));
  });

  it("only counts new events once the reader left and the window is full", async () => {
    const { server, clock, store, seqs } = setUp(5_000);
    await store.start();
    store.setFollowing(false);
    for (let i = 0; i < 6; i += 1) await store.loadBefore();
    const shown = seqs();
    expect(shown).toHaveLength(CAP);
    server.live(400);
    clock.tick();
    expect(seqs()).toEqual(shown);
    expect(store.get()).toMatchObject({ following: false, missed: 400, hasAfter: true });
    await store.jumpToEnd();
    expect(seqs()).toEqual(range(5_301, 5_400));
    expect(store.get()).toMatchObject({ following: true, missed: 0, hasAfter: false });
  });

  it("loses nothing that arrives while it jumps to the end", async () => {
    const { server, clock, store, seqs } = setUp(5_000);
    await store.start();
    await store.jumpTo(2_000);
    expect(store.get()).toMatchObject({ following: false, hasAfter: true, hasBefore: true });
    const jump = store.jumpToEnd();
    server.live(30);
    await jump;
    server.live(2);
    clock.tick();
    const shown = seqs();
    expect(shown).toEqual(range(shown[0] ?? 0, 5_032));
  });

  it("shows text while it is written and the final event in its place", async () => {
    const { server, clock, store } = setUp(1);
    await store.start();
    const delta = (text: string) =>
      server.watcher?.receive({
        type: "deltas",
        agentId: "a",
        deltas: [{ messageId: "m1", block: 0, kind: "text", text }],
      });
    delta("Hel");
    clock.tick();
    const before = store.get();
    expect(before.partials.map((partial) => partial.key)).toEqual(["mm1:0"]);
    delta("lo");
    clock.tick();
    expect(store.partialText("mm1:0")).toBe("Hello");
    expect(store.get()).toBe(before);
    server.watcher?.receive({
      type: "events",
      agentId: "a",
      first: 2,
      committed: 2,
      events: [{ type: "output", msgType: "text", content: "Hello", messageId: "m1", block: 0 }],
    });
    clock.tick();
    expect(store.get().partials).toEqual([]);
    expect(store.get().items.at(-1)?.key).toBe("mm1:0");
  });

  it("says what went wrong and starts again on request", async () => {
    const { server, clock, store, seqs } = setUp(5);
    server.failing = true;
    await store.start();
    clock.tick();
    expect(store.get()).toMatchObject({
      loading: "none",
      error: "The server cannot be reached.",
    });
    server.failing = false;
    await store.start();
    expect(store.get().error).toBeNull();
    expect(seqs()).toEqual(range(1, 5));
  });

  it("draws rain seldom, condensed, and completely", async () => {
    const { server, clock, store, seqs } = setUp(1);
    await store.start();
    let draws = 0;
    store.subscribe(() => {
      draws += 1;
    });
    for (let i = 0; i < 60; i += 1) {
      server.live(30);
      clock.tick();
    }
    expect(store.get().skim).toBe(true);
    expect(draws).toBeLessThan(25);
    clock.tick(500);
    expect(seqs().at(-1)).toBe(1_801);
  });
});
