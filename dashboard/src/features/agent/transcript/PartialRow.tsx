import { LoaderCircle } from "lucide-react";
import { memo, useSyncExternalStore } from "react";
import { Markdown } from "../content/Markdown";
import type { Partial } from "./partials";
import { RowFrame } from "./Row";
import type { TranscriptStore } from "./store";
import { ThinkingRow } from "./ThinkingRow";

/** The end of a tool's input while it is written: the latest is what moves. */
const INPUT_TAIL_CHARS = 160;

function Input({ text }: { text: string }) {
  return (
    <p className="flex min-h-7 items-center gap-2 text-dim">
      <LoaderCircle size={14} aria-hidden className="spin shrink-0 text-running" />
      <span className="shrink-0">Preparing a step</span>
      <span className="min-w-0 truncate font-mono text-xs" dir="rtl">
        <bdi>{text.slice(-INPUT_TAIL_CHARS).replaceAll("\\n", " ")}</bdi>
      </span>
    </p>
  );
}

interface Props {
  store: TranscriptStore;
  partial: Partial;
}

/** A block that is being written: renders by itself, without the list around it. */
export const PartialRow = memo(function PartialRow({ store, partial }: Props) {
  const text = useSyncExternalStore(store.subscribeText, () => store.partialText(partial.key));
  return (
    <RowFrame at={null} showTime={false}>
      {partial.kind === "text" && (
        <div className="writing">
          <Markdown text={text} writing />
        </div>
      )}
      {partial.kind === "thinking" && <ThinkingRow text={text} expanded writing />}
      {partial.kind === "input" && <Input text={text} />}
    </RowFrame>
  );
});
