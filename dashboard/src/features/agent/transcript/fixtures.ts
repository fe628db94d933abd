/** Numbered events and pages for tests. */
import type { EventsPage, TranscriptEvent } from "@/api/types";

export function events(first: number, length: number): TranscriptEvent[] {
  return Array.from({ length }, (_, i) => ({
    type: "output",
    msgType: "text",
    content: `event ${first + i}`,
  }));
}

export function page(first: number, length: number, last: number): EventsPage {
  return {
    agentId: "a",
    first,
    last,
    hasBefore: first > 1,
    hasAfter: first + length - 1 < last,
    events: events(first, length),
  };
}
