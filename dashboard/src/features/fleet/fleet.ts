/** The fleet as its page shows it: who waits, which trees live, which have ended. Pure. */
import { isEnded, isWaiting, lookOf } from "@/api/status";
import type { Agent } from "@/api/types";
import { type Branch, flatten, toForest } from "@/lib/forest";

export interface Fleet {
  /** Agents with an open question, the longest waiting first. */
  waiting: Agent[];
  /** Trees in which something lives, in the order they were started: rows never jump. */
  live: Branch<Agent>[];
  /** Trees in which everything has ended, the latest first. */
  ended: Branch<Agent>[];
  /** Agents that work right now; idle ones only listen. */
  running: number;
  spent: number;
  /** Some spending is not known, so `spent` is a lower bound. */
  spentUnknown: boolean;
}

const byStart = (a: Agent, b: Agent): number =>
  a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1;

const lastEnd = (branch: Branch<Agent>): string =>
  flatten(branch).reduce((latest, { value }) => {
    const ended = value.endedAt ?? value.createdAt;
    return ended > latest ? ended : latest;
  }, "");

export function toFleet(agents: readonly Agent[]): Fleet {
  const trees = toForest([...agents].sort(byStart));
  const lives = (branch: Branch<Agent>) => flatten(branch).some(({ value }) => !isEnded(value));
  const waiting = agents.filter(isWaiting);
  return {
    waiting: waiting.sort((a, b) =>
      (a.question?.askedAt ?? "") < (b.question?.askedAt ?? "") ? -1 : 1,
    ),
    live: trees.filter(lives),
    ended: trees
      .filter((branch) => !lives(branch))
      .sort((a, b) => (lastEnd(a) < lastEnd(b) ? 1 : -1)),
    running: agents.filter((agent) => lookOf(agent) === "running").length,
    spent: agents.reduce((sum, agent) => sum + agent.costUSD, 0),
    spentUnknown: agents.some((agent) => agent.costUnknown),
  };
}

/** What a tree has cost: an agent and everything it started. */
export function treeCost(branch: Branch<Agent>): number {
  return flatten(branch).reduce((sum, { value }) => sum + value.costUSD, 0);
}
