import type { Virtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import type { Snapshot, TranscriptStore } from "./store";

/** A scroll this soon after the reader's hand moved is the reader's; others are layout's. */
const OWN_SCROLL_MS = 600;
/** This near to the end is at the end. */
const END_PX = 24;
const TOUCH_SLOP_PX = 4;
const UP_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

/**
 * Following is the reader's intent: moving up ends it at once, coming back to the end resumes it.
 * Where layout puts the scroll position never decides.
 */
function useIntent(store: TranscriptStore, scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let handAt = Number.NEGATIVE_INFINITY;
    let touchY = 0;
    const events = new AbortController();
    const { signal } = events;
    const passive = { passive: true, signal };
    const hand = () => {
      handAt = performance.now();
    };
    const leave = () => {
      hand();
      store.setFollowing(false);
    };
    const wheel = (event: WheelEvent) => {
      if (event.deltaY < 0 && element.scrollTop > 0) leave();
      else hand();
    };
    const key = (event: KeyboardEvent) => {
      if (event.target !== element) return;
      if (UP_KEYS.has(event.key)) leave();
      else if (event.key === "End") {
        event.preventDefault();
        void store.jumpToEnd();
      } else hand();
    };
    const touchMove = (event: TouchEvent) => {
      const y = event.touches[0]?.clientY ?? touchY;
      if (y > touchY + TOUCH_SLOP_PX) leave();
      else hand();
    };
    const scroll = () => {
      if (performance.now() - handAt > OWN_SCROLL_MS) return;
      const left = element.scrollHeight - element.scrollTop - element.clientHeight;
      if (left < END_PX && !store.get().hasAfter) store.setFollowing(true);
    };
    element.addEventListener("wheel", wheel, passive);
    element.addEventListener("keydown", key, { signal });
    element.addEventListener("pointerdown", hand, passive);
    element.addEventListener(
      "touchstart",
      (event) => {
        touchY = event.touches[0]?.clientY ?? 0;
      },
      passive,
    );
    element.addEventListener("touchmove", touchMove, passive);
    element.addEventListener("scroll", scroll, passive);
    return () => events.abort();
  }, [store, scroller]);
}

/** Keeps the newest row in view while the store follows. */
export function useFollow(
  store: TranscriptStore,
  snapshot: Snapshot,
  scroller: RefObject<HTMLElement | null>,
  virtualizer: Virtualizer<HTMLDivElement, Element>,
): void {
  useIntent(store, scroller);
  const opened = useRef(false);
  const { items, partials, following } = snapshot;
  const rows = items.length + partials.length;
  useLayoutEffect(() => {
    if (opened.current || rows === 0) return;
    opened.current = true;
    virtualizer.scrollToIndex(rows - 1, { align: "end" });
  }, [rows, virtualizer]);
  const height = virtualizer.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows and new heights ask again
  useLayoutEffect(() => {
    if (following && rows > 0 && virtualizer.getDistanceFromEnd() > 1) virtualizer.scrollToEnd();
  }, [items, partials, height, following, virtualizer]);
}
