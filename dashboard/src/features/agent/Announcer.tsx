import { lookOf } from "@/api/status";
import type { Agent } from "@/api/types";
import { MARKS } from "@/components/ui/StatusMark";

const WORTH_SAYING = new Set(["waiting", "done", "failed", "stopped", "away"]);

/**
 * The one voice of this page for screen readers: speaks when a person is needed or it is over, never
 * for text that passes by.
 */
export function Announcer({ agent }: { agent: Agent }) {
  const look = lookOf(agent);
  const more = look === "waiting" ? agent.question?.questions[0]?.question : agent.exitReason;
  return (
    <p role="status" className="sr-only">
      {WORTH_SAYING.has(look) && `${agent.name}: ${MARKS[look].word}. ${more ?? ""}`}
    </p>
  );
}
