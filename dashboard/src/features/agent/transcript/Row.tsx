import { Check, CheckCheck, CircleAlert, CircleCheck, CirclePause } from "lucide-react";
import { memo, type ReactNode } from "react";
import { clock, moment } from "@/lib/format";
import { Markdown } from "../content/Markdown";
import { AskRow } from "./AskRow";
import type { Item } from "./items";
import { noticeOf, turnFacts } from "./notices";
import { ThinkingRow } from "./ThinkingRow";
import { ToolRow } from "./ToolRow";

function UserRow({ item }: { item: Extract<Item, { kind: "user" }> }) {
  return (
    <div className="rounded-md bg-accent-wash px-3 py-2">
      <p className="mb-0.5 flex items-center gap-2 text-xs text-dim">
        <span className="font-semibold text-ink">{item.event.by ?? "You"}</span>
        {item.event.input != null && (
          <span className="inline-flex items-center gap-1">
            {item.seen ? <CheckCheck size={13} aria-hidden /> : <Check size={13} aria-hidden />}
            {item.seen ? "seen" : "sent"}
          </span>
        )}
      </p>
      <p className="text-read wrap-anywhere whitespace-pre-wrap">{item.event.content}</p>
    </div>
  );
}

function ResultRow({ item }: { item: Extract<Item, { kind: "result" }> }) {
  const interrupted = item.event.turn?.reason?.startsWith("aborted") ?? false;
  const bad = item.event.msgType === "result_error" && !interrupted;
  const facts = turnFacts(item.event.turn);
  const text = item.repeats ? "" : item.event.content || item.event.error || "";
  const words = bad ? "Turn failed" : interrupted ? "Turn interrupted" : "Turn finished";
  const Icon = bad ? CircleAlert : interrupted ? CirclePause : CircleCheck;
  if (!text && !bad) {
    return (
      <p className="mb-2 flex items-center gap-2 py-0.5 text-xs text-dim after:h-px after:flex-1 after:bg-line">
        <Icon size={14} aria-hidden className={interrupted ? "" : "text-done"} />
        {words}
        {facts && ` after ${facts}`}
      </p>
    );
  }
  return (
    <div
      className={`flex gap-2.5 rounded-md border px-3 py-2 ${bad ? "border-failed/40 bg-failed-wash" : "border-line bg-panel"}`}
    >
      <Icon
        size={16}
        aria-hidden
        className={`mt-[3px] shrink-0 ${bad ? "text-failed" : interrupted ? "text-dim" : "text-done"}`}
      />
      <div className="min-w-0 flex-1">
        <p className="text-xs text-dim">
          {words}
          {facts && ` after ${facts}`}
        </p>
        {text && <Markdown text={text} />}
      </div>
    </div>
  );
}

function NoticeRow({ item }: { item: Extract<Item, { kind: "notice" }> }) {
  const notice = noticeOf(item.event);
  if (!notice?.text) return null;
  return (
    <p
      className={`py-0.5 text-xs wrap-anywhere whitespace-pre-wrap ${notice.bad ? "text-failed" : "text-dim"}`}
    >
      {notice.text}
    </p>
  );
}

function body(item: Item, expanded: boolean, over: boolean): ReactNode {
  switch (item.kind) {
    case "text":
      return <Markdown text={item.event.content ?? ""} />;
    case "thinking":
      return <ThinkingRow text={item.event.content ?? ""} expanded={expanded} />;
    case "tool":
      return <ToolRow use={item.event} result={item.result} expanded={expanded} over={over} />;
    case "user":
      return <UserRow item={item} />;
    case "ask":
      return <AskRow ask={item.event} answered={item.answered} closed={item.closed} />;
    case "result":
      return <ResultRow item={item} />;
    case "notice":
      return <NoticeRow item={item} />;
  }
}

interface FrameProps {
  at: string | null;
  showTime: boolean;
  nested?: boolean;
  children: ReactNode;
}

/** The place of a row: its minute in the gutter, its content beside it. */
export function RowFrame({ at, showTime, nested = false, children }: FrameProps) {
  return (
    <div className="transcript-row mx-auto grid max-w-[904px] grid-cols-[44px_minmax(0,1fr)] gap-x-3 py-[3px] max-md:grid-cols-[minmax(0,1fr)]">
      <div className="text-right text-2xs leading-7 max-md:hidden">
        {at && showTime && (
          <time dateTime={at} title={moment(at)} className="num text-dim">
            {clock(at)}
          </time>
        )}
      </div>
      <div className={`min-w-0 ${nested ? "border-l-2 border-line pl-4" : ""}`}>{children}</div>
    </div>
  );
}

interface Props {
  item: Item;
  showTime: boolean;
  expanded: boolean;
  over: boolean;
}

export const Row = memo(function Row({ item, showTime, expanded, over }: Props) {
  return (
    <RowFrame at={item.at} showTime={showTime} nested={item.parent !== null}>
      {body(item, expanded, over)}
    </RowFrame>
  );
});
