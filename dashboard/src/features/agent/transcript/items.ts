/**
 * What a transcript shows: one item a row, made from the events of a window. Pure: the same events
 * give the same items, and unchanged items keep their identity so that their rows do not render.
 */
import type {
  Answered,
  AskClosed,
  AskUser,
  Output,
  ToolResult,
  ToolUse,
  TranscriptEvent,
} from "@/api/types";

interface Base {
  /** Stable over partial and final form of the same content block. */
  key: string;
  seq: number;
  at: string | null;
  /** The tool call of the sub-agent that did this; null for the agent itself. */
  parent: string | null;
}

export type Item = Base &
  (
    | { kind: "text" | "thinking"; event: Output }
    | {
        kind: "result";
        event: Output;
        /** The text before it says the same: the CLI repeats its last words as the result. */
        repeats: boolean;
      }
    | { kind: "user"; event: Output; seen: boolean }
    | { kind: "tool"; event: ToolUse; result: ToolResult | null }
    | { kind: "ask"; event: AskUser; answered: Answered | null; closed: AskClosed | null }
    | { kind: "notice"; event: TranscriptEvent }
  );

export type ItemKind = Item["kind"];

export const blockKey = (messageId: string, block: number): string => `m${messageId}:${block}`;

/** Facts that later events add to earlier ones, by the id of what they are about. */
interface Facts {
  results: Map<string, ToolResult>;
  answers: Map<string, Answered>;
  closings: Map<string, AskClosed>;
  /** The model takes chats in by number, so one figure says which were seen. */
  seenUpTo: number;
}

function collect(events: readonly TranscriptEvent[]): Facts {
  const facts: Facts = {
    results: new Map(),
    answers: new Map(),
    closings: new Map(),
    seenUpTo: 0,
  };
  for (const event of events) {
    if (event.type === "tool_result") facts.results.set(event.id ?? "", event);
    else if (event.type === "answered") facts.answers.set(event.id ?? "", event);
    else if (event.type === "ask_closed") facts.closings.set(event.id ?? "", event);
    else if (event.type === "chat_seen")
      facts.seenUpTo = Math.max(facts.seenUpTo, event.input ?? 0);
  }
  return facts;
}

function keyOf(event: TranscriptEvent, seq: number, taken: Set<string>): string {
  if ((event.type === "output" || event.type === "tool_use") && event.messageId) {
    const key = blockKey(event.messageId, event.block ?? 0);
    if (!taken.has(key)) return key;
  }
  return `s${seq}`;
}

function outputKind(event: Output): "text" | "thinking" | "result" | "user" | "notice" {
  switch (event.msgType ?? "text") {
    case "text":
      return "text";
    case "thinking":
      return "thinking";
    case "user_input":
      return "user";
    case "result_success":
    case "result_error":
      return "result";
    default:
      return "notice";
  }
}

/** The item an event is shown as; null for events that only tell something about others. */
function itemOf(
  event: TranscriptEvent,
  base: Base,
  facts: Facts,
  before: Item | undefined,
): Item | null {
  switch (event.type) {
    case "output": {
      const kind = outputKind(event);
      if (kind === "user") {
        const seen = event.input != null && event.input <= facts.seenUpTo;
        return { ...base, kind, event, seen };
      }
      if (kind === "result") {
        const repeats = before?.kind === "text" && before.event.content === event.content;
        return { ...base, kind, event, repeats };
      }
      if (kind === "notice") return { ...base, kind, event };
      return { ...base, kind, event };
    }
    case "tool_use":
      // The question such a call asks is an item of its own.
      if (event.name === "AskUserQuestion") return null;
      return { ...base, kind: "tool", event, result: facts.results.get(event.id ?? "") ?? null };
    case "ask_user": {
      const id = event.id ?? "";
      const answered = facts.answers.get(id) ?? null;
      return { ...base, kind: "ask", event, answered, closed: facts.closings.get(id) ?? null };
    }
    case "state_changed":
    case "exited":
    case "session":
      return { ...base, kind: "notice", event };
    default:
      return null;
  }
}

function same(a: Item, b: Item): boolean {
  if (a.event !== b.event || a.kind !== b.kind || a.key !== b.key) return false;
  if (a.kind === "result" && b.kind === "result") return a.repeats === b.repeats;
  if (a.kind === "user" && b.kind === "user") return a.seen === b.seen;
  if (a.kind === "tool" && b.kind === "tool") return a.result === b.result;
  if (a.kind === "ask" && b.kind === "ask") {
    return a.answered === b.answered && a.closed === b.closed;
  }
  return true;
}

/** Items of `events` (numbered from `first`), reusing those of `previous` that did not change. */
export function toItems(
  events: readonly TranscriptEvent[],
  first: number,
  previous: readonly Item[] = [],
): Item[] {
  const facts = collect(events);
  const known = new Map(previous.map((item) => [item.seq, item]));
  const taken = new Set<string>();
  const items: Item[] = [];
  events.forEach((event, index) => {
    const seq = first + index;
    const key = keyOf(event, seq, taken);
    const parent = "parent" in event ? (event.parent ?? null) : null;
    const item = itemOf(event, { key, seq, at: event.at ?? null, parent }, facts, items.at(-1));
    if (!item) return;
    taken.add(key);
    const old = known.get(seq);
    items.push(old && same(old, item) ? old : item);
  });
  return items;
}
