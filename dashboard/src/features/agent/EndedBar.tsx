import { lookOf } from "@/api/status";
import type { Agent } from "@/api/types";
import { MARKS, StatusMark } from "@/components/ui/StatusMark";
import { moment } from "@/lib/format";

/** In place of the chat bar: how it ended and when. */
export function EndedBar({ agent }: { agent: Agent }) {
  const look = lookOf(agent);
  return (
    <div
      className={`border-t border-line px-4 py-3 md:px-5 ${look === "failed" ? "bg-failed-wash" : "bg-sunk"}`}
    >
      <div className="mx-auto flex max-w-[904px] flex-wrap items-center gap-x-3 gap-y-1">
        <StatusMark look={look} />
        <p className="min-w-0 flex-1 basis-60 wrap-anywhere">
          {agent.exitReason ?? `${MARKS[look].word}.`}
        </p>
        {agent.endedAt && (
          <time dateTime={agent.endedAt} className="num text-xs text-dim">
            {moment(agent.endedAt)}
          </time>
        )}
      </div>
    </div>
  );
}
