import { useEffect } from "react";
import type { Snapshot, TranscriptStore } from "./store";

/** Rows before either end of the window at which the next page is asked for. */
const AHEAD_ROWS = 20;

/** Loads what the reader is about to reach. */
export function usePaging(
  store: TranscriptStore,
  snapshot: Snapshot,
  firstRow: number,
  lastRow: number,
): void {
  const { items, hasBefore, hasAfter, following, loading, error } = snapshot;
  useEffect(() => {
    // After an error the reader decides when to try again.
    if (items.length === 0 || loading !== "none" || error) return;
    if (hasBefore && firstRow < AHEAD_ROWS && (!following || items.length < AHEAD_ROWS)) {
      void store.loadBefore();
    } else if (hasAfter && !following && lastRow > items.length - AHEAD_ROWS) {
      void store.loadAfter();
    }
  }, [store, items, hasBefore, hasAfter, following, loading, error, firstRow, lastRow]);
}
