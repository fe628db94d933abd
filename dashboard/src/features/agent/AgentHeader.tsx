import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronsDownUp, ChevronsUpDown } from "lucide-react";
import { useSyncExternalStore } from "react";
import { agentsQuery } from "@/api/agents";
import { lookOf } from "@/api/status";
import type { Agent } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { StatusMark } from "@/components/ui/StatusMark";
import { between, compact, money, span } from "@/lib/format";
import { useNow } from "@/lib/useNow";
import { useShortcut } from "@/lib/useShortcut";
import { AgentActions } from "./AgentActions";
import type { May } from "./rights";
import type { TranscriptStore } from "./transcript/store";

function Crumbs({ agent }: { agent: Agent }) {
  const { data: agents } = useQuery(agentsQuery);
  const parent = agents?.find((each) => each.id === agent.parentId);
  return (
    <nav aria-label="Breadcrumb" className="truncate text-xs text-dim">
      <Link to="/" className="hover:underline">
        Fleet
      </Link>
      {parent && (
        <>
          {" / "}
          <Link to="/agents/$id" params={{ id: parent.id }} className="hover:underline">
            {parent.name}
          </Link>
        </>
      )}
    </nav>
  );
}

function Figure({ label, value, title }: { label: string; value: string; title?: string }) {
  return (
    <div className="flex items-baseline gap-1.5 lg:block" title={title}>
      <dt className="text-xs text-dim">{label}</dt>
      <dd className="num text-sm font-semibold">{value}</dd>
    </div>
  );
}

function Figures({ agent, store }: { agent: Agent; store: TranscriptStore }) {
  const { totals } = useSyncExternalStore(store.subscribe, store.get);
  const now = useNow(agent.endedAt ? 60_000 : 1_000);
  const sum = totals ?? agent;
  const cached = sum.cacheReadInputTokens;
  const input = sum.inputTokens + cached + sum.cacheCreationInputTokens;
  const ran = between(agent.startedAt ?? agent.createdAt, agent.endedAt ?? now);
  return (
    <dl className="flex gap-x-6 gap-y-1 max-lg:gap-x-4 max-md:[&>:nth-child(2)]:hidden">
      <Figure
        label="Spent"
        value={`${agent.costUnknown ? "≥ " : ""}${money(sum.costUSD)}`}
        title={agent.costUnknown ? "Some requests have no known price." : undefined}
      />
      <Figure
        label="Tokens"
        value={compact(input + sum.outputTokens)}
        title={`${compact(input)} in (${compact(cached)} from cache), ${compact(sum.outputTokens)} out`}
      />
      {ran !== null && <Figure label={agent.endedAt ? "Ran" : "Running"} value={span(ran)} />}
    </dl>
  );
}

interface Props {
  agent: Agent;
  store: TranscriptStore;
  may: May;
  expanded: boolean;
  onExpand: (expanded: boolean) => void;
}

export function AgentHeader({ agent, store, may, expanded, onExpand }: Props) {
  useShortcut("E", () => onExpand(!expanded));
  useShortcut("f", () => void store.jumpToEnd());
  const Icon = expanded ? ChevronsDownUp : ChevronsUpDown;
  return (
    <header className="flex flex-wrap items-center gap-x-6 gap-y-1 border-b border-line px-4 py-2 md:px-5">
      <div className="min-w-0 flex-1 max-lg:basis-40">
        <Crumbs agent={agent} />
        <div className="flex min-w-0 items-center gap-3">
          <h1 className="truncate text-lg leading-snug font-semibold tracking-tight max-md:text-base">
            {agent.name}
          </h1>
          <span className="text-sm max-md:hidden">
            <StatusMark look={lookOf(agent)} />
          </span>
        </div>
      </div>
      <div className="flex flex-wrap items-center gap-x-4 text-sm max-lg:order-3 max-lg:basis-full">
        <span className="md:hidden">
          <StatusMark look={lookOf(agent)} />
        </span>
        <Figures agent={agent} store={store} />
      </div>
      <div className="flex items-center gap-2">
        <Button
          kind="quiet"
          aria-pressed={expanded}
          title={expanded ? "Fold all steps" : "Unfold all steps"}
          className="!px-2"
          onClick={() => onExpand(!expanded)}
        >
          <Icon size={16} aria-hidden />
          <span className="sr-only">Unfold all steps</span>
        </Button>
        <AgentActions agent={agent} may={may} />
      </div>
    </header>
  );
}
