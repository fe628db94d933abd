import { describe, expect, it } from "vitest";
import { blocksOf } from "./blocks";

const types = (text: string): string[] => blocksOf(text).map(({ type }) => type);

describe("blocksOf", () => {
  it.each([
    ["quotes in quotes", ">".repeat(9_000)],
    ["lists in lists", `${"- ".repeat(3_000)}a`],
    ["marks in marks", `${"**a ".repeat(1_000)}b${" a**".repeat(1_000)}`],
    ["a line without an end", "_a".repeat(50_000)],
    [
      "a table of empty cells",
      `${"|a".repeat(100)}|\n${"|-".repeat(100)}|\n${"|\n".repeat(3_000)}`,
    ],
  ])("leaves %s as it is", (_name, text) => {
    expect(blocksOf(text)).toEqual([{ type: "plain", raw: text }]);
  });

  it("reads long texts and long code", () => {
    const code = `\`\`\`json\n${'{"a": 1},\n'.repeat(2_000)}\`\`\``;
    expect(types(code)).toEqual(["code"]);
    expect(types("A paragraph.\n\n".repeat(3_000))).toContain("paragraph");
    expect(types("> - one\n>   - **two**")).toEqual(["blockquote"]);
    expect(types("")).toEqual([]);
    expect(types("\n\n")).toEqual(["space"]);
  });
});
