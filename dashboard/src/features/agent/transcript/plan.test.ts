import { expect, it } from "vitest";
import type { TranscriptEvent } from "@/api/types";
import { toItems } from "./items";
import { planOf } from "./plan";

const call = (id: string, name: string, input: unknown): TranscriptEvent => ({
  type: "tool_use",
  id,
  name,
  input,
});
const created = (id: string, task: string): TranscriptEvent => ({
  type: "tool_result",
  id,
  detail: { task: { id: task } },
});

it("follows tasks that are made and changed one by one", () => {
  const items = toItems(
    [
      call("a", "TaskCreate", { subject: "Write" }),
      created("a", "1"),
      call("b", "TaskCreate", { subject: "Test" }),
      created("b", "2"),
      call("c", "TaskCreate", { subject: "Dream" }),
      created("c", "3"),
      call("d", "TaskUpdate", { taskId: "1", status: "completed" }),
      call("e", "TaskUpdate", { taskId: "2", status: "in_progress" }),
      call("f", "TaskUpdate", { taskId: "3", status: "deleted" }),
      call("g", "TaskUpdate", { taskId: "9", status: "completed" }),
    ],
    1,
  );
  expect(planOf(items)).toEqual([
    { content: "Write", status: "completed" },
    { content: "Test", status: "in_progress" },
  ]);
});

it("takes the newest list that was written whole", () => {
  const todos = (status: string) => ({ todos: [{ content: "Write", status }] });
  const items = toItems(
    [call("a", "TodoWrite", todos("pending")), call("b", "TodoWrite", todos("completed"))],
    1,
  );
  expect(planOf(items)).toEqual([{ content: "Write", status: "completed" }]);
});
