/** Quiet lines: what happened around the agent, in a sentence; its end is told by its state. Pure. */
import type { TranscriptEvent, Turn } from "@/api/types";
import { duration, plural } from "@/lib/format";

export interface Notice {
  text: string;
  bad: boolean;
}

const STATES: Record<string, string> = {
  requested: "Accepted",
  creating: "Making its container",
  starting: "Starting",
  running: "Running",
  waiting: "Waits for an answer",
  disconnected: "Out of contact",
  draining: "Container ended, reading what is left",
  stopping: "Stopping",
  completed: "Done",
  failed: "Failed",
  lost: "Lost",
  stopped: "Stopped",
  archived: "Archived",
};

const BAD_STATES = new Set(["failed", "lost"]);

/** "Stopped by ada: no longer needed". */
function phrase(what: string, by?: string | null, reason?: string | null): string {
  return `${what}${by ? ` by ${by}` : ""}${reason ? `: ${reason}` : ""}`;
}

export function noticeOf(event: TranscriptEvent): Notice | null {
  switch (event.type) {
    case "state_changed": {
      const state = event.state ?? "";
      const word = STATES[state] ?? state;
      const text = event.reason?.startsWith(word)
        ? event.reason
        : phrase(word, event.by, event.reason);
      return { text, bad: BAD_STATES.has(state) };
    }
    case "session":
      return { text: `Session with ${event.model || "its model"}`, bad: false };
    case "output": {
      const text = event.content || event.kind || event.msgType || "";
      return { text, bad: Boolean(event.error) };
    }
    default:
      return null;
  }
}

/** "12.4 s, 3 model turns": what a finished turn took. */
export function turnFacts(turn: Turn | null | undefined): string {
  const facts: string[] = [];
  if (turn?.durationMs != null) facts.push(duration(turn.durationMs));
  if (turn?.turns != null) facts.push(plural(turn.turns, "model turn"));
  return facts.join(", ");
}
