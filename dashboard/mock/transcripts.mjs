/** Transcripts of the mock server: an optional made-up past and what happened since. */
import { historyEvent } from "./history.mjs";

export class Transcript {
  constructor(past = 0) {
    this.past = past;
    this.recent = [];
  }

  get last() {
    return this.past + this.recent.length;
  }

  at(seq) {
    return seq <= this.past ? historyEvent(seq) : this.recent[seq - this.past - 1];
  }

  /** Events first … last, both included. */
  slice(first, last) {
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => this.at(first + i));
  }

  /** Returns the number of the first event added. */
  push(...events) {
    const first = this.last + 1;
    const now = new Date().toISOString();
    this.recent.push(...events.map((event) => ({ at: now, ...event })));
    return first;
  }

  page(agentId, { before, after, limit }) {
    const { last } = this;
    let first;
    let end;
    if (after !== undefined) {
      first = after + 1;
      end = Math.min(last, after + limit);
    } else {
      end = Math.min(last, (before ?? last + 1) - 1);
      first = Math.max(1, end - limit + 1);
    }
    const events = this.slice(first, end);
    return { agentId, first, last, hasBefore: first > 1, hasAfter: end < last, events };
  }
}
