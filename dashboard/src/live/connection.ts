/**
 * The one WebSocket of this page: connects, reconnects, resumes watches, answers requests.
 * Must not know what agents or events mean.
 */
import type { ClientMessage, Ok, Server, ServerMessage } from "@/api/types";
import { FrameError, Requests } from "./requests";
import { type Watcher, Watches } from "./watches";

const PROTOCOL = 1;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** The server says something at least every 20 s. */
const SILENCE_MS = 50_000;

export type LinkState =
  | { kind: "connecting" }
  | { kind: "catching-up"; events: number }
  | { kind: "live" }
  | { kind: "reconnecting"; lostAt: number; retryAt: number }
  | { kind: "offline"; lostAt: number };

export type OpenSocket = (url: string) => WebSocket;

function socketUrl(): string {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${window.location.host}/ws?protocol=${PROTOCOL}`;
}

export class Connection {
  private socket: WebSocket | null = null;
  private readonly requests = new Requests();
  private readonly watches = new Watches();
  private readonly stateListeners = new Set<() => void>();
  private readonly frameListeners = new Set<(frame: ServerMessage) => void>();
  private readonly lossListeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private attempts = 0;
  private lostAt: number | null = null;
  private epoch: string | null = null;
  private ready = false;
  private started = false;
  private current: LinkState = { kind: "connecting" };
  private serverInfo: Server | null = null;
  private firstVersion: string | null = null;

  constructor(private readonly openSocket: OpenSocket = (url) => new WebSocket(url)) {}

  // Read by React: stable functions.
  readonly state = (): LinkState => this.current;
  readonly server = (): Server | null => this.serverInfo;
  /** The server was replaced by another version since this page was loaded. */
  readonly outdated = (): boolean =>
    this.serverInfo !== null && this.serverInfo.version !== this.firstVersion;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  onFrame(listener: (frame: ServerMessage) => void): () => void {
    this.frameListeners.add(listener);
    return () => this.frameListeners.delete(listener);
  }

  /** Called whenever a connection ended or could not be made. */
  onLoss(listener: () => void): () => void {
    this.lossListeners.add(listener);
    return () => this.lossListeners.delete(listener);
  }

  start(): void {
    if (this.started) return;
    this.started = true;
    window.addEventListener("online", this.retryNow);
    window.addEventListener("offline", this.dropNow);
    this.open();
  }

  stop(): void {
    this.started = false;
    window.removeEventListener("online", this.retryNow);
    window.removeEventListener("offline", this.dropNow);
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    this.ready = false;
    socket?.close();
    this.requests.rejectAll("The page closed the connection.");
    this.show({ kind: "connecting" });
  }

  readonly retryNow = (): void => {
    if (!this.started || this.socket) return;
    clearTimeout(this.timer);
    this.open();
  };

  /** The network is gone: the socket would look open for minutes, and "Live" be a lie. */
  private readonly dropNow = (): void => {
    const { socket } = this;
    if (!socket) return;
    this.lose();
    socket.close();
  };

  /** Sends a frame and awaits its answer. Rejects with `FrameError` in words for a human. */
  request(frame: ClientMessage): Promise<Ok> {
    if (!this.ready) return Promise.reject(new FrameError("Not connected. Nothing was sent."));
    return this.requests.ask(frame, (each) => this.send(each));
  }

  /** Follows an agent over all reconnects until the returned function is called. */
  watch(agentId: string, watcher: Watcher): () => void {
    this.watches.add(agentId, watcher);
    if (this.ready) this.resumeWatch(agentId, false);
    return () => {
      const mine = this.watches.remove(agentId, watcher);
      if (mine && this.ready) this.send({ type: "unwatch", agentId });
      this.showProgress();
    };
  }

  private open(): void {
    const socket = this.openSocket(socketUrl());
    this.socket = socket;
    this.listen();
    socket.onmessage = (message) => {
      if (this.socket !== socket) return;
      this.listen();
      this.receive(JSON.parse(String(message.data)) as ServerMessage);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lose();
    };
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(this.dropNow, SILENCE_MS);
  }

  private lose(): void {
    clearTimeout(this.silence);
    this.socket = null;
    this.ready = false;
    this.lostAt ??= Date.now();
    this.requests.rejectAll("The connection was lost before the server answered.");
    const ceiling = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempts);
    // Spread, so that a restarted server does not meet every page at the same instant.
    const delay = ceiling * (0.5 + Math.random() / 2);
    this.attempts += 1;
    this.timer = setTimeout(this.retryNow, delay);
    this.show(
      navigator.onLine
        ? { kind: "reconnecting", lostAt: this.lostAt, retryAt: Date.now() + delay }
        : { kind: "offline", lostAt: this.lostAt },
    );
    for (const listener of this.lossListeners) listener();
  }

  private receive(frame: ServerMessage): void {
    switch (frame.type) {
      case "welcome":
        this.serverInfo = frame.server;
        this.firstVersion ??= frame.server.version;
        this.show({ kind: "catching-up", events: 0 });
        this.enter(frame.epoch);
        break;
      case "ok":
        this.requests.settle(frame);
        break;
      case "error":
        if (frame.requestId) this.requests.reject(frame.requestId, frame.message);
        break;
      case "watching":
      case "events":
      case "deltas":
      case "status":
      case "tokens":
        this.watches.deliver(frame);
        this.showProgress();
        break;
      default:
        break;
    }
    for (const listener of this.frameListeners) listener(frame);
    if (frame.type === "agent_list") this.showProgress();
  }

  private enter(epoch: string): void {
    const changed = this.epoch !== null && this.epoch !== epoch;
    this.epoch = epoch;
    this.ready = true;
    this.attempts = 0;
    this.lostAt = null;
    for (const agentId of this.watches.agents()) this.resumeWatch(agentId, changed);
  }

  private resumeWatch(agentId: string, epochChanged: boolean): void {
    this.send({ type: "watch", agentId, after: this.watches.resume(agentId, epochChanged) });
  }

  private send(frame: ClientMessage): void {
    this.socket?.send(JSON.stringify(frame));
  }

  private showProgress(): void {
    if (!this.ready) return;
    const events = this.watches.behind();
    if (events > 0) this.show({ kind: "catching-up", events });
    else if (this.current.kind !== "live") this.show({ kind: "live" });
  }

  private show(state: LinkState): void {
    this.current = state;
    for (const listener of this.stateListeners) listener();
  }
}
