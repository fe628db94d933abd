import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useRef, useSyncExternalStore } from "react";
import { ErrorNotice, Skeleton } from "@/components/ui/Notice";
import { plural } from "@/lib/format";
import type { Item } from "./items";
import { PartialRow } from "./PartialRow";
import { Row } from "./Row";
import type { Snapshot, TranscriptStore } from "./store";
import { useFollow } from "./useFollow";
import { usePaging } from "./usePaging";

/** Heights before a row is measured, in pixels. */
const HEIGHTS: Record<Item["kind"], number> = {
  text: 80,
  thinking: 34,
  tool: 34,
  user: 64,
  ask: 90,
  result: 84,
  notice: 26,
};
const PARTIAL_HEIGHT = 60;

const minuteOf = (item: Item | undefined): string => item?.at?.slice(0, 16) ?? "";

function Empty({ snapshot, store }: { snapshot: Snapshot; store: TranscriptStore }) {
  if (snapshot.error) {
    return (
      <ErrorNotice title="The transcript could not be loaded." onRetry={() => void store.start()}>
        {snapshot.error}
      </ErrorNotice>
    );
  }
  if (snapshot.loading !== "none") return <Skeleton label="Loading the transcript" rows={7} />;
  return <p className="py-6 text-center text-dim">Nothing has happened yet.</p>;
}

interface Props {
  store: TranscriptStore;
  expanded: boolean;
  over: boolean;
}

/** A window of rows over a transcript of any length. */
export function Transcript({ store, expanded, over }: Props) {
  const snapshot = useSyncExternalStore(store.subscribe, store.get);
  const { items, partials, following, missed, skim } = snapshot;
  const scroller = useRef<HTMLDivElement>(null);
  const count = items.length + partials.length;
  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => HEIGHTS[items[index]?.kind ?? "text"] ?? PARTIAL_HEIGHT,
    getItemKey: (index) => items[index]?.key ?? partials[index - items.length]?.key ?? index,
    overscan: 4,
    anchorTo: "end",
    followOnAppend: following,
    scrollEndThreshold: 80,
    paddingStart: 16,
    paddingEnd: 20,
  });
  const rows = virtualizer.getVirtualItems();
  useFollow(store, snapshot, scroller, virtualizer);
  usePaging(store, snapshot, rows[0]?.index ?? 0, rows.at(-1)?.index ?? 0);

  return (
    <section aria-label="Transcript" className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label="Steps of this agent"
        tabIndex={0}
        className="transcript-scroll min-h-0 flex-1 overflow-y-auto px-4 -outline-offset-2 md:px-5"
      >
        {count === 0 && (
          <div className="mx-auto max-w-[820px] pt-6">
            <Empty snapshot={snapshot} store={store} />
          </div>
        )}
        <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
          <div
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${rows[0]?.start ?? 0}px)` }}
          >
            {rows.map(({ key, index }) => {
              const item = items[index];
              const partial = partials[index - items.length];
              return (
                <div key={key} data-index={index} ref={virtualizer.measureElement}>
                  {item && (
                    <Row
                      item={item}
                      showTime={minuteOf(item) !== minuteOf(items[index - 1])}
                      expanded={expanded && !skim}
                      over={over}
                    />
                  )}
                  {partial && <PartialRow store={store} partial={partial} />}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      {count > 0 && snapshot.error && (
        <div className="absolute inset-x-4 top-3">
          <ErrorNotice
            title="More of the transcript could not be loaded."
            onRetry={() => void (following ? store.start() : store.loadBefore())}
          >
            {snapshot.error}
          </ErrorNotice>
        </div>
      )}
      {!following && count > 0 && (
        <button
          type="button"
          onClick={() => void store.jumpToEnd()}
          className="num absolute bottom-3.5 left-1/2 inline-flex -translate-x-1/2 items-center gap-1.5 rounded-full bg-ink px-4 py-1.5 text-sm font-medium text-bg shadow-lg"
        >
          <ArrowDown size={14} aria-hidden />
          {missed > 0 ? `${plural(missed, "new step")}` : "Jump to latest"}
        </button>
      )}
    </section>
  );
}
