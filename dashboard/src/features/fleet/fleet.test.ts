import { describe, expect, it } from "vitest";
import type { Agent, AgentState } from "@/api/types";
import { toFleet, treeCost } from "./fleet";

function agent(id: string, state: AgentState, more: Partial<Agent> = {}): Agent {
  return {
    id,
    name: id,
    purpose: "",
    status: "running",
    processing: true,
    waitingForAskUser: false,
    costUSD: 1,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadInputTokens: 0,
    cacheCreationInputTokens: 0,
    createdBy: null,
    permissions: [],
    projectId: null,
    state,
    createdAt: "2026-01-01T00:00:00.000Z",
    ...more,
  };
}

const ids = (branches: { value: Agent }[]) => branches.map(({ value }) => value.id);

describe("toFleet", () => {
  it("keeps a tree together while one of it lives", () => {
    const fleet = toFleet([
      agent("child", "running", { parentId: "root" }),
      agent("root", "completed"),
      agent("old", "failed"),
    ]);
    expect(ids(fleet.live)).toEqual(["root"]);
    expect(ids(fleet.ended)).toEqual(["old"]);
    expect(fleet.live.map(treeCost)).toEqual([2]);
  });

  it("puts the longest waiting first and forgets questions of ended agents", () => {
    const question = (askedAt: string) => ({ id: "q", questions: [], askedAt });
    const fleet = toFleet([
      agent("later", "waiting", { question: question("2026-01-01T10:00:00Z") }),
      agent("first", "waiting", { question: question("2026-01-01T09:00:00Z") }),
      agent("gone", "stopped", { question: question("2026-01-01T08:00:00Z") }),
    ]);
    expect(fleet.waiting.map(({ id }) => id)).toEqual(["first", "later"]);
    expect(fleet.running).toBe(0);
  });

  it("does not call those running that only listen", () => {
    const fleet = toFleet([
      agent("works", "running"),
      agent("listens", "running", { processing: false }),
      agent("starts", "starting"),
    ]);
    expect(fleet.running).toBe(1);
  });

  it("orders by start, whatever order the server sends", () => {
    const a = agent("a", "running", { createdAt: "2026-01-01T01:00:00.000Z" });
    const b = agent("b", "waiting", { createdAt: "2026-01-01T02:00:00.000Z" });
    expect(ids(toFleet([b, a]).live)).toEqual(["a", "b"]);
  });
});
