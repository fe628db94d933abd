/** What a tool call did, in one line: its name, its object and its outcome. Pure. */
import type { ToolResult, ToolUse } from "@/api/types";
import { plural } from "@/lib/format";
import { countChanges, reportedHunks } from "../content/hunks";

type Fields = Record<string, unknown>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const textOf = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === "string" ? value : "";
};

/** "mcp__autosclaw__spawn_agent" → "spawn_agent". */
export const shortName = (name: string): string => name.replace(/^mcp__.+?__/, "");

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** Enough of a long path to know the file; the whole stands in the opened step. */
export function shortPath(path: string): string {
  if (path.length <= 48) return path;
  return `…/${path.split("/").slice(-2).join("/")}`;
}

/** What the call is about: a command, a path, a pattern. */
export function subjectOf(use: ToolUse): string {
  const input = fieldsOf(use.input);
  switch (shortName(use.name ?? "")) {
    case "Bash":
      return firstLine(textOf(input, "command"));
    case "Read":
    case "Write":
    case "Edit":
    case "MultiEdit":
      return shortPath(textOf(input, "file_path"));
    case "NotebookEdit":
      return shortPath(textOf(input, "notebook_path"));
    case "Grep":
    case "Glob": {
      const path = textOf(input, "path");
      return path ? `${textOf(input, "pattern")} in ${path}` : textOf(input, "pattern");
    }
    case "TodoWrite":
      return Array.isArray(input.todos) ? plural(input.todos.length, "item") : "";
    case "TaskUpdate":
      return `#${textOf(input, "taskId")} ${textOf(input, "status").replaceAll("_", " ")}`;
    default:
      return firstLine(
        ["subject", "description", "name", "query", "url", "prompt", "pattern"]
          .map((field) => textOf(input, field))
          .find(Boolean) ?? "",
      );
  }
}

const lineCount = (text: string): number => (text ? text.replace(/\n$/, "").split("\n").length : 0);

function exitCode(content: string): string | null {
  const match = /^(?:Error: )?Exit code (\d+)/i.exec(content);
  return match?.[1] ? `exit ${match[1]}` : null;
}

/** How it went, in a few words; empty while nothing is known. */
export function outcomeOf(use: ToolUse, result: ToolResult | null): string {
  if (!result) return "";
  const content = result.content ?? "";
  if (result.ok === false) return exitCode(content) ?? "failed";
  const detail = fieldsOf(result.detail);
  switch (shortName(use.name ?? "")) {
    case "Edit":
    case "MultiEdit":
    case "Write": {
      const hunks = reportedHunks(result.detail);
      const written = textOf(fieldsOf(use.input), "content");
      if (!hunks) return written && plural(lineCount(written), "line");
      const { added, removed } = countChanges(hunks);
      return `+${added} −${removed}`;
    }
    case "Read":
      return plural(lineCount(content), "line");
    case "Glob":
    case "Grep":
      return typeof detail.numFiles === "number" ? plural(detail.numFiles, "file") : "";
    default:
      return "";
  }
}

/** The language of a file by its name, for colouring. */
export function languageOf(path: string): string {
  const name = path.split("/").pop() ?? "";
  if (/^dockerfile/i.test(name)) return "dockerfile";
  return name.includes(".") ? (name.split(".").pop() ?? "") : "";
}
