/** Agents and their transcripts over REST; the live connection keeps what is here fresh. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { get } from "./client";
import type { Agent, EventsPage } from "./types";

export const AGENTS_KEY = ["agents"] as const;
const agentKey = (id: string) => ["agent", id] as const;

export const agentsQuery = queryOptions({
  queryKey: AGENTS_KEY,
  queryFn: async (): Promise<Agent[]> => (await get("/api/agents")).agents,
  staleTime: Number.POSITIVE_INFINITY,
});

/** One agent, archived ones included. Throws `ApiError` 404 when there is none. */
export const agentQuery = (id: string) =>
  queryOptions({
    queryKey: agentKey(id),
    queryFn: (): Promise<Agent> => get("/api/agents/{agent_id}", { path: { agent_id: id } }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The agent as the fleet shows it, or by itself when the fleet does not list it (archived). */
export function useAgent(id: string) {
  const fleet = useQuery(agentsQuery);
  const listed = fleet.data?.find((agent) => agent.id === id);
  const alone = useQuery({ ...agentQuery(id), enabled: fleet.data !== undefined && !listed });
  return {
    agent: listed ?? alone.data,
    error: fleet.data ? alone.error : fleet.error,
    retry: () => void (fleet.data ? alone.refetch() : fleet.refetch()),
  };
}

export interface PageRequest {
  before?: number;
  after?: number;
  limit: number;
}

/** A page next to event `before` or `after`; the newest events when neither is given. */
export function fetchEvents(agentId: string, page: PageRequest): Promise<EventsPage> {
  return get("/api/agents/{agent_id}/events", { path: { agent_id: agentId }, query: { ...page } });
}
