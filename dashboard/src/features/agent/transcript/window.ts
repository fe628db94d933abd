/**
 * A bounded, gap-free window over an unbounded transcript. Owns which events are held and the
 * cursors of either end; must not know React, sockets or how events look.
 */
import type { EventsPage, TranscriptEvent } from "@/api/types";

/** Most events held at once, and how many stay when the window is cut. */
export const CAP = 1_000;
export const KEEP = 700;

export class EventWindow {
  events: TranscriptEvent[] = [];
  /** Number of events[0]; numbers are contiguous. */
  first = 1;
  /** Number of the newest event that is known to exist. */
  newest = 0;
  /** Events up to here survive a crash of the server. */
  committed = 0;

  /** Number of the last event held; first - 1 when empty. */
  get last(): number {
    return this.first + this.events.length - 1;
  }
  get hasBefore(): boolean {
    return this.first > 1;
  }
  /** Nothing is held although there is something: all of it was lost with the server. */
  get isLost(): boolean {
    return this.events.length === 0 && this.newest > 0;
  }
  get hasAfter(): boolean {
    return this.last < this.newest;
  }

  /** Forgets what is held and begins with a page. */
  reset(page: EventsPage): void {
    this.events = page.events as TranscriptEvent[];
    this.first = page.first;
    this.newest = Math.max(this.newest, page.last, this.last);
    // What a page holds was read from the store.
    this.committed = Math.max(this.committed, this.last);
  }

  /**
   * Takes live events. They are held when they continue the window and it either follows the end
   * or has room; else they only raise `newest`. Events held already are passed over.
   */
  takeLive(first: number, events: TranscriptEvent[], following: boolean): void {
    const end = first + events.length - 1;
    const known = this.last + 1 - first;
    const continues = known >= 0 && known < events.length;
    if (continues && (following || this.events.length + events.length - known <= CAP)) {
      this.events = this.events.concat(known > 0 ? events.slice(known) : events);
      if (this.events.length > CAP) this.cutHead(KEEP);
    }
    this.newest = Math.max(this.newest, end);
  }

  /** Puts an older page in front and cuts the far end. False when the page does not fit on. */
  prepend(page: EventsPage): boolean {
    const events = page.events as TranscriptEvent[];
    if (events.length === 0 || page.first + events.length !== this.first) return false;
    this.events = events.concat(this.events).slice(0, CAP);
    this.first = page.first;
    this.newest = Math.max(this.newest, page.last);
    return true;
  }

  /** Puts a newer page behind and cuts the far end. False when the page does not fit on. */
  append(page: EventsPage): boolean {
    const events = page.events as TranscriptEvent[];
    if (events.length === 0 || page.first !== this.last + 1) return false;
    this.events = this.events.concat(events);
    this.newest = Math.max(this.newest, page.last, this.last);
    if (this.events.length > CAP) this.cutHead(CAP);
    return true;
  }

  /** Forgets events above `number`: the server lost them, or says so with a new epoch. */
  dropAfter(number: number): void {
    this.events = this.events.slice(0, Math.max(0, number + 1 - this.first));
    if (this.events.length === 0) this.first = number + 1;
    this.newest = Math.min(this.newest, number);
  }

  private cutHead(keep: number): void {
    const cut = this.events.length - keep;
    this.events = this.events.slice(cut);
    this.first += cut;
  }
}
