/** The agent's own list of what to do, read from the calls that write it. Pure. */
import type { ToolResult, ToolUse } from "@/api/types";
import type { Item } from "./items";
import { fieldsOf, shortName, textOf } from "./tools";

export interface Todo {
  content: string;
  status: "pending" | "in_progress" | "completed";
}

function statusOf(text: string): Todo["status"] {
  return text === "completed" || text === "in_progress" ? text : "pending";
}

/** `TodoWrite` writes the whole list at once. */
export function todosOf(use: ToolUse): Todo[] {
  const { todos } = fieldsOf(use.input);
  if (!Array.isArray(todos)) return [];
  return todos.map(fieldsOf).map((todo) => ({
    content: textOf(todo, "content"),
    status: statusOf(textOf(todo, "status")),
  }));
}

/** `TaskCreate` adds one; its number is in the result alone. */
function add(tasks: Map<string, Todo>, use: ToolUse, result: ToolResult | null): void {
  const task = fieldsOf(fieldsOf(result?.detail).task);
  const id = textOf(task, "id");
  if (id) tasks.set(id, { content: textOf(fieldsOf(use.input), "subject"), status: "pending" });
}

/** `TaskUpdate` changes one, or takes it away. */
function update(tasks: Map<string, Todo>, use: ToolUse): void {
  const input = fieldsOf(use.input);
  const id = textOf(input, "taskId");
  const old = tasks.get(id);
  if (!old) return;
  const status = textOf(input, "status");
  if (status === "deleted") {
    tasks.delete(id);
    return;
  }
  const content = textOf(input, "subject") || old.content;
  tasks.set(id, { content, status: status ? statusOf(status) : old.status });
}

/** The newest plan among the steps in view. */
export function planOf(items: readonly Item[]): Todo[] {
  let todos: Todo[] = [];
  const tasks = new Map<string, Todo>();
  for (const item of items) {
    if (item.kind !== "tool" || item.parent !== null) continue;
    const name = shortName(item.event.name ?? "");
    if (name === "TodoWrite") todos = todosOf(item.event);
    else if (name === "TaskCreate") add(tasks, item.event, item.result);
    else if (name === "TaskUpdate") update(tasks, item.event);
  }
  return tasks.size > 0 ? [...tasks.values()] : todos;
}
