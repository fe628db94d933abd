import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId, useMemo, useSyncExternalStore } from "react";
import { agentsQuery } from "@/api/agents";
import { isEnded, lookOf } from "@/api/status";
import type { Agent } from "@/api/types";
import { StatusMark } from "@/components/ui/StatusMark";
import { moment, money, span } from "@/lib/format";
import { planOf } from "./transcript/plan";
import type { TranscriptStore } from "./transcript/store";
import { TodoList } from "./transcript/TodoList";

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-1.5 text-xs font-medium text-dim">
        {title}
      </h2>
      {children}
    </section>
  );
}

function Plan({ store }: { store: TranscriptStore }) {
  const { items } = useSyncExternalStore(store.subscribe, store.get);
  const todos = useMemo(() => planOf(items), [items]);
  if (todos.length === 0) return null;
  return (
    <Section title="Plan">
      <TodoList todos={todos} />
    </Section>
  );
}

function Children({ agent }: { agent: Agent }) {
  const { data: agents } = useQuery(agentsQuery);
  const children = agents?.filter((each) => each.parentId === agent.id) ?? [];
  if (children.length === 0) return null;
  return (
    <Section title="Agents it started">
      <ul className="flex flex-col gap-1">
        {children.map((child) => (
          <li key={child.id} className="flex items-center gap-2">
            <StatusMark look={lookOf(child)} iconOnly />
            <Link
              to="/agents/$id"
              params={{ id: child.id }}
              className="min-w-0 truncate text-accent hover:underline"
            >
              {child.name}
            </Link>
            <span className="num ml-auto text-dim">{money(child.costUSD)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function keepAlive(agent: Agent): string {
  if (agent.keepAliveSeconds == null) return "Until it is stopped";
  if (agent.keepAliveSeconds === 0) return "For its task only";
  return `${span(agent.keepAliveSeconds * 1_000)} after its last work`;
}

function Facts({ agent }: { agent: Agent }) {
  const facts: [string, string][] = [
    ["Model", agent.model ?? ""],
    ["Started", moment(agent.startedAt ?? agent.createdAt)],
    ["By", agent.createdBy ?? ""],
    ["Stays", isEnded(agent) ? "" : keepAlive(agent)],
    ["May", agent.permissions.join(", ")],
  ];
  return (
    <Section title="About">
      {agent.purpose && <p className="mb-2 wrap-anywhere">{agent.purpose}</p>}
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-sm">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-dim">{name}</dt>
              <dd className="num wrap-anywhere">{value}</dd>
            </div>
          ))}
      </dl>
    </Section>
  );
}

/** What belongs to the agent but not to one moment of it; not shown where there is no room. */
export function SidePanel({ agent, store }: { agent: Agent; store: TranscriptStore }) {
  return (
    <aside
      aria-label="About this agent"
      className="flex min-h-0 flex-col gap-6 overflow-y-auto border-l border-line bg-sunk px-4 py-4 text-sm max-lg:hidden lg:col-start-2 lg:row-span-2 lg:row-start-2"
    >
      <Plan store={store} />
      <Children agent={agent} />
      <Facts agent={agent} />
    </aside>
  );
}
