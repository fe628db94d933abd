import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LayoutGrid } from "lucide-react";
import { useMemo } from "react";
import { agentsQuery } from "@/api/agents";
import { isEnded, isWaiting, lookOf } from "@/api/status";
import type { Agent, Me } from "@/api/types";
import { Logo } from "@/components/ui/Logo";
import { StatusMark } from "@/components/ui/StatusMark";
import { AccountMenu } from "@/features/auth/AccountMenu";
import { flatten, toForest } from "@/lib/forest";
import { plural } from "@/lib/format";
import { ConnectionBadge } from "./ConnectionBadge";

const MOST_LISTED = 40;
const LINK =
  "flex min-h-8 items-center gap-2.5 rounded-md px-2 hover:bg-hover aria-[current=page]:bg-panel aria-[current=page]:shadow-[inset_0_0_0_1px_var(--line)]";

function Brand() {
  return (
    <div className="flex items-center gap-2.5 px-2 text-ask font-semibold tracking-tight">
      <Logo /> autosclaw
    </div>
  );
}

function FleetLink({ waiting }: { waiting: number }) {
  return (
    <Link
      to="/"
      activeOptions={{ exact: true, includeSearch: false }}
      className={`${LINK} aria-[current=page]:font-semibold`}
    >
      <LayoutGrid size={16} aria-hidden /> Fleet
      {waiting > 0 && (
        <span className="num ml-auto rounded-full bg-waiting px-1.5 text-xs font-semibold text-bg">
          {waiting}
          <span className="sr-only"> waiting for you</span>
        </span>
      )}
    </Link>
  );
}

function AgentLinks({ agents }: { agents: Agent[] }) {
  const rows = useMemo(() => {
    const live = agents.filter((agent) => !isEnded(agent));
    live.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    return toForest(live).flatMap(flatten);
  }, [agents]);
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="live-agents" className="flex min-h-0 flex-col">
      <h2 id="live-agents" className="px-2 pb-1 text-xs text-dim">
        Live agents
      </h2>
      <ul className="flex min-h-0 flex-col gap-px overflow-y-auto">
        {rows.slice(0, MOST_LISTED).map(({ value: agent, depth }) => (
          <li key={agent.id} style={{ paddingInlineStart: Math.min(depth, 4) * 12 }}>
            <Link to="/agents/$id" params={{ id: agent.id }} className={`${LINK} text-sm`}>
              <StatusMark look={lookOf(agent)} iconOnly />
              <span className="truncate">{agent.name}</span>
            </Link>
          </li>
        ))}
      </ul>
      {rows.length > MOST_LISTED && (
        <p className="px-2 pt-1 text-xs text-dim">
          and {plural(rows.length - MOST_LISTED, "more", "more")} in the fleet
        </p>
      )}
    </section>
  );
}

/** Where to go, who works, how fresh it is. On a phone: one bar. */
export function Sidebar({ me }: { me: Me }) {
  const { data: agents = [] } = useQuery(agentsQuery);
  const waiting = agents.filter(isWaiting).length;
  return (
    <>
      <nav
        aria-label="Main"
        className="flex h-dvh flex-col gap-4 border-r border-line bg-sunk px-2.5 py-3.5 max-md:hidden"
      >
        <Brand />
        <FleetLink waiting={waiting} />
        <AgentLinks agents={agents} />
        <div className="mt-auto flex flex-col gap-2">
          <div className="px-2">
            <ConnectionBadge />
          </div>
          <AccountMenu me={me} />
        </div>
      </nav>
      <nav
        aria-label="Main"
        className="flex items-center gap-2 border-b border-line bg-sunk px-3 py-1 md:hidden"
      >
        <FleetLink waiting={waiting} />
        <div className="mr-auto">
          <ConnectionBadge />
        </div>
        <details className="group relative">
          <summary className="tap grid place-items-center rounded-md px-2 text-sm">
            {me.username}
          </summary>
          <div className="absolute right-0 z-20 w-64 rounded-lg border border-line bg-panel p-2 shadow-lg">
            <AccountMenu me={me} />
          </div>
        </details>
      </nav>
    </>
  );
}
