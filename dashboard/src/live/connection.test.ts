import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AgentFrame, ClientMessage } from "@/api/types";
import { Connection } from "./connection";
import type { Watcher } from "./watches";

/** The half of a WebSocket that the connection uses. */
class Socket {
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: ClientMessage[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.onclose?.();
  }
  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  welcome(epoch = "e1"): void {
    this.receive({ type: "welcome", protocol: 1, epoch, user: {}, server: { rehearsal: true } });
    this.receive({ type: "agent_list", agents: [] });
  }
}

class Follower implements Watcher {
  at = 0;
  epochs: boolean[] = [];
  frames: string[] = [];
  resume(epochChanged: boolean): number {
    this.epochs.push(epochChanged);
    return this.at;
  }
  receive(frame: AgentFrame): void {
    this.frames.push(frame.type);
    if (frame.type === "events") this.at = frame.first + frame.events.length - 1;
  }
}

let sockets: Socket[];
let connection: Connection;

const newest = (): Socket => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
};

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  vi.stubGlobal("window", {
    location: { protocol: "http:", host: "localhost" },
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  });
  vi.stubGlobal("navigator", { onLine: true });
  connection = new Connection(() => {
    const socket = new Socket();
    sockets.push(socket);
    return socket as unknown as WebSocket;
  });
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("Connection", () => {
  it("takes long silence for a lost connection, and a beat for a sign of life", () => {
    newest().welcome();
    for (let beat = 0; beat < 3; beat += 1) {
      vi.advanceTimersByTime(40_000);
      newest().receive({ type: "beat" });
    }
    expect(connection.state().kind).toBe("live");
    vi.advanceTimersByTime(51_000);
    expect(connection.state().kind).not.toBe("live");
    expect(sockets.length).toBeGreaterThan(1);
  });

  it("is live once it was welcomed and has the list", () => {
    expect(connection.state().kind).toBe("connecting");
    newest().welcome();
    expect(connection.state().kind).toBe("live");
    expect(connection.server()?.rehearsal).toBe(true);
  });

  it("notices that the server is another version than the page", () => {
    const greet = (version: string) =>
      newest().receive({ type: "welcome", protocol: 1, epoch: "e", user: {}, server: { version } });
    greet("1.0");
    expect(connection.outdated()).toBe(false);
    newest().close();
    connection.retryNow();
    greet("1.1");
    expect(connection.outdated()).toBe(true);
  });

  it("resumes every watch where it stood, and tells of a new epoch", () => {
    newest().welcome("e1");
    const follower = new Follower();
    connection.watch("a", follower);
    newest().receive({
      type: "events",
      agentId: "a",
      first: 1,
      committed: 3,
      events: [{}, {}, {}],
    });
    newest().close();
    expect(connection.state().kind).toBe("reconnecting");
    vi.advanceTimersByTime(20_000);
    newest().welcome("e1");
    expect(newest().sent).toEqual([{ type: "watch", agentId: "a", after: 3 }]);
    newest().close();
    vi.advanceTimersByTime(20_000);
    newest().welcome("e2");
    expect(follower.epochs).toEqual([false, false, true]);
  });

  it("says how many events it is behind until it has them", () => {
    newest().welcome();
    connection.watch("a", new Follower());
    newest().receive({ type: "watching", agentId: "a", first: 1, last: 5, committed: 5 });
    expect(connection.state()).toEqual({ kind: "catching-up", events: 5 });
    const events = [{}, {}, {}, {}, {}];
    newest().receive({ type: "events", agentId: "a", first: 1, committed: 5, events });
    expect(connection.state().kind).toBe("live");
  });

  it("tries again ever more seldom, but within fifteen seconds", () => {
    for (let i = 0; i < 12; i += 1) {
      newest().close();
      vi.advanceTimersByTime(15_000);
      expect(sockets.length).toBe(i + 2);
    }
    newest().close();
    vi.advanceTimersByTime(5_000);
    expect(sockets.length).toBe(13);
  });

  it("tries at once when a person asks", () => {
    newest().close();
    connection.retryNow();
    expect(sockets.length).toBe(2);
  });

  it("calls itself offline when the browser is", () => {
    vi.stubGlobal("navigator", { onLine: false });
    newest().close();
    expect(connection.state().kind).toBe("offline");
  });

  it("answers requests by ok, error, loss and silence", async () => {
    await expect(connection.request({ type: "stop_agent", agentId: "a" })).rejects.toThrow(
      "Nothing was sent",
    );
    newest().welcome();
    const ask = () => {
      const answer = connection.request({ type: "stop_agent", agentId: "a" });
      const id = newest().sent.at(-1)?.requestId;
      return { answer, id };
    };
    const accepted = ask();
    newest().receive({ type: "ok", requestId: accepted.id });
    await expect(accepted.answer).resolves.toMatchObject({ type: "ok" });

    const refused = ask();
    newest().receive({ type: "error", requestId: refused.id, message: "Not yours." });
    await expect(refused.answer).rejects.toThrow("Not yours.");

    const silent = ask();
    vi.advanceTimersByTime(15_000);
    await expect(silent.answer).rejects.toThrow("did not answer in time");

    const lost = ask();
    newest().close();
    await expect(lost.answer).rejects.toThrow("lost before the server answered");
  });

  it("listens to nothing from a socket it gave up", () => {
    const old = newest();
    old.welcome();
    old.close();
    const follower = new Follower();
    connection.watch("a", follower);
    old.receive({ type: "deltas", agentId: "a", deltas: [] });
    expect(follower.frames).toEqual([]);
  });
});
