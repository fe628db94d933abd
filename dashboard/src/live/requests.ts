/** Frames that await `ok` or `error`. Must not know how frames travel. */
import type { ClientMessage, Ok } from "@/api/types";

const ANSWER_MS = 15_000;

/** The server refused a frame, or the connection ended before it answered. */
export class FrameError extends Error {
  override name = "FrameError";
}

interface Pending {
  resolve: (ok: Ok) => void;
  reject: (error: FrameError) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Requests {
  private pending = new Map<string, Pending>();
  private last = 0;

  /** Sends `frame` with a fresh requestId. Rejects with `FrameError` after 15 s of silence. */
  ask(frame: ClientMessage, send: (frame: ClientMessage) => void): Promise<Ok> {
    this.last += 1;
    const requestId = `r${this.last}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.reject(requestId, "The server did not answer in time. It may still have acted.");
      }, ANSWER_MS);
      this.pending.set(requestId, { resolve, reject, timer });
      send({ ...frame, requestId });
    });
  }

  settle(ok: Ok): void {
    this.take(ok.requestId)?.resolve(ok);
  }

  reject(requestId: string, message: string): void {
    this.take(requestId)?.reject(new FrameError(message));
  }

  /** The connection is gone: nobody will answer any more. */
  rejectAll(message: string): void {
    for (const requestId of [...this.pending.keys()]) this.reject(requestId, message);
  }

  private take(requestId: string): Pending | undefined {
    const pending = this.pending.get(requestId);
    if (!pending) return undefined;
    clearTimeout(pending.timer);
    this.pending.delete(requestId);
    return pending;
  }
}
