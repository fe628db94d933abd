/** What an agent's state is called and looks like on the page. */
import type { Agent, AgentState } from "./types";

export type Look =
  | "starting"
  | "running"
  | "idle"
  | "waiting"
  | "stopping"
  | "done"
  | "failed"
  | "stopped"
  | "away";

const LOOKS: Record<AgentState, Look> = {
  requested: "starting",
  creating: "starting",
  starting: "starting",
  running: "running",
  waiting: "waiting",
  disconnected: "away",
  draining: "stopping",
  stopping: "stopping",
  completed: "done",
  failed: "failed",
  lost: "failed",
  stopped: "stopped",
  archived: "stopped",
};

const ENDED: ReadonlySet<AgentState> = new Set([
  "completed",
  "failed",
  "lost",
  "stopped",
  "archived",
]);

export const isEnded = (agent: Agent): boolean => ENDED.has(agent.state);
export const isStopping = (agent: Agent): boolean => LOOKS[agent.state] === "stopping";
export const isWaiting = (agent: Agent): boolean => !isEnded(agent) && Boolean(agent.question);

/** A running agent that neither thinks nor runs a tool is idle: it listens. */
export function lookOf(agent: Agent): Look {
  if (isWaiting(agent)) return "waiting";
  if (agent.state === "running" && !agent.processing) return "idle";
  return LOOKS[agent.state];
}
