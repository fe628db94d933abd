import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { isEnded, lookOf } from "@/api/status";
import type { Agent } from "@/api/types";
import { StatusMark } from "@/components/ui/StatusMark";
import { between, moment, money, plural, span } from "@/lib/format";
import { useNow } from "@/lib/useNow";

const CELL = "h-9 border-b border-line px-2.5 max-md:h-auto max-md:border-0 max-md:p-0";

/** What the agent does, waits for, or ended with. */
function doing(agent: Agent): string {
  if (isEnded(agent)) return agent.exitReason ?? "";
  if (agent.question) return agent.question.questions[0]?.question ?? "Waits for an answer";
  return agent.doing ?? "";
}

function Age({ agent }: { agent: Agent }) {
  const now = useNow(10_000);
  const age = between(agent.createdAt, agent.endedAt ?? now);
  return age === null ? null : <span title={moment(agent.createdAt)}>{span(age)}</span>;
}

/** The first step to the right shows that somebody else started this agent. */
function Elbow({ depth }: { depth: number }) {
  if (depth === 0) return null;
  return (
    <span
      aria-hidden
      style={{ marginInlineStart: (depth - 1) * 20 }}
      className="mr-2 inline-block h-3 w-2.5 shrink-0 -translate-y-1 rounded-bl-[3px] border-b border-l border-line-strong"
    />
  );
}

interface Props {
  agent: Agent;
  depth: number;
  /** Agents it started itself. */
  started: number;
  /** Spending of the agent and all below it, in USD. */
  total: number;
}

/** Agents change a few at a time: the rows of the others stay as they are. */
export const AgentRow = memo(function AgentRow({ agent, depth, started, total }: Props) {
  const own = money(agent.costUSD);
  return (
    <tr className="group relative hover:bg-hover max-md:grid max-md:grid-cols-[minmax(0,1fr)_auto] max-md:gap-x-3 max-md:border-b max-md:border-line max-md:py-2">
      <th
        scope="row"
        className={`${CELL} max-w-0 text-left font-normal max-md:max-w-none max-md:min-w-0`}
      >
        <span className="flex items-center">
          <Elbow depth={depth} />
          <Link
            to="/agents/$id"
            params={{ id: agent.id }}
            className="min-w-0 truncate font-medium after:absolute after:inset-0 group-hover:underline"
          >
            {agent.name}
          </Link>
          {started > 0 && (
            <span className="ml-2 text-xs whitespace-nowrap text-dim">
              {plural(started, "child", "children")}
            </span>
          )}
        </span>
      </th>
      <td className={`${CELL} text-sm max-md:col-start-2 max-md:row-start-1 max-md:text-right`}>
        <StatusMark look={lookOf(agent)} />
      </td>
      <td
        className={`${CELL} max-w-0 truncate text-sm text-dim max-md:row-start-2 max-md:max-w-none max-md:min-w-0`}
        title={doing(agent)}
      >
        {doing(agent)}
      </td>
      <td
        className={`${CELL} num text-right max-md:col-start-2 max-md:row-start-2 max-md:text-sm`}
        title={started > 0 ? `${own} of it by itself` : undefined}
      >
        {agent.costUnknown && <span title="Some requests have no known price">≥ </span>}
        {money(total)}
      </td>
      <td className={`${CELL} num text-right whitespace-nowrap text-dim max-md:hidden`}>
        <Age agent={agent} />
      </td>
    </tr>
  );
});
