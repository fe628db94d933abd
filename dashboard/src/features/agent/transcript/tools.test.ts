import { describe, expect, it } from "vitest";
import type { ToolResult, ToolUse } from "@/api/types";
import { changeOf } from "./change";
import { languageOf, outcomeOf, shortName, subjectOf } from "./tools";

const use = (name: string, input: unknown): ToolUse => ({ type: "tool_use", name, input });
const result = (more: Partial<ToolResult>): ToolResult => ({ type: "tool_result", ...more });

describe("tools", () => {
  it("says what a call is about", () => {
    expect(subjectOf(use("Bash", { command: "ls -la\necho" }))).toBe("ls -la");
    expect(subjectOf(use("Grep", { pattern: "x", path: "src" }))).toBe("x in src");
    expect(subjectOf(use("mcp__autosclaw__spawn_agent", { name: "helper" }))).toBe("helper");
    expect(subjectOf(use("Unknown", null))).toBe("");
    expect(shortName("mcp__autosclaw__spawn_agent")).toBe("spawn_agent");
  });

  it("says how a call went", () => {
    const edit = use("Edit", { file_path: "a.py", old_string: "b", new_string: "c\nd" });
    const structuredPatch = [{ oldStart: 1, newStart: 1, lines: [" a", "-b", "+c", "+d"] }];
    expect(outcomeOf(edit, null)).toBe("");
    expect(outcomeOf(edit, result({}))).toBe("");
    expect(outcomeOf(edit, result({ detail: { structuredPatch } }))).toBe("+2 −1");
    expect(outcomeOf(use("Write", { content: "a\nb\n" }), result({}))).toBe("2 lines");
    expect(outcomeOf(use("Bash", {}), result({ ok: false, content: "Exit code 2\nno" }))).toBe(
      "exit 2",
    );
    expect(outcomeOf(use("Read", {}), result({ content: "a\nb\n" }))).toBe("2 lines");
    expect(outcomeOf(use("Glob", {}), result({ detail: { numFiles: 1 } }))).toBe("1 file");
  });

  it("prefers the patch a tool reported: its lines have their real numbers", () => {
    const hunk = { oldStart: 70, newStart: 70, lines: ["-a", "+b"] };
    const edit = use("Edit", { old_string: "a", new_string: "b" });
    expect(changeOf(edit, result({ detail: { structuredPatch: [hunk] } }))).toEqual([hunk]);
    expect(changeOf(edit, null)?.[0]?.oldStart).toBe(1);
    expect(changeOf(use("Bash", {}), null)).toBeNull();
  });

  it("knows languages by file names", () => {
    expect(["src/a.py", "Dockerfile", "LICENSE"].map(languageOf)).toEqual(["py", "dockerfile", ""]);
  });
});
