/** Carries what the live connection says about agents into the query cache. */
import type { QueryClient } from "@tanstack/react-query";
import { AGENTS_KEY } from "@/api/agents";
import type { Agent, ServerMessage } from "@/api/types";

/** `list` with `changed` replaced or appended and `removed` left out. */
export function patchAgents(list: Agent[], changed: Agent[], removed: string[]): Agent[] {
  const fresh = new Map(changed.map((agent) => [agent.id, agent]));
  const gone = new Set(removed);
  const kept = list.filter((agent) => !gone.has(agent.id));
  const next = kept.map((agent) => {
    const replacement = fresh.get(agent.id);
    fresh.delete(agent.id);
    return replacement ?? agent;
  });
  return [...next, ...fresh.values()];
}

export function keepFleet(queries: QueryClient, frame: ServerMessage): void {
  if (frame.type === "agent_list") {
    // A REST answer still under way is older than this frame.
    void queries.cancelQueries({ queryKey: AGENTS_KEY });
    queries.setQueryData(AGENTS_KEY, frame.agents);
  }
  if (frame.type === "agents_changed") {
    const changed = frame.changed ?? [];
    queries.setQueryData<Agent[]>(AGENTS_KEY, (list) =>
      list ? patchAgents(list, changed, frame.removed ?? []) : list,
    );
  }
}
