import { describe, expect, it } from "vitest";
import { countChanges, reportedHunks } from "./hunks";
import { hunksOf, rowsOf } from "./patch";

describe("rowsOf", () => {
  it("numbers lines on both sides and marks the changed words", () => {
    const rows = rowsOf(hunksOf("one\nadd = a + b\nthree\n", "one\nadd = a - b\nthree\nfour\n"));
    expect(rows.map(({ kind, oldLine, newLine }) => [kind, oldLine, newLine])).toEqual([
      ["same", 1, 1],
      ["del", 2, null],
      ["add", null, 2],
      ["same", 3, 3],
      ["add", null, 4],
    ]);
    const marked = rows[2]?.pieces.filter((piece) => piece.changed).map((piece) => piece.text);
    expect(marked).toEqual(["-"]);
    expect(rows[4]?.pieces).toEqual([{ text: "four", changed: false }]);
  });

  it("shows a gap between hunks", () => {
    const before = Array.from({ length: 40 }, (_, i) => `line ${i}`);
    const after = before.with(2, "x").with(35, "y");
    const hunks = hunksOf(before.join("\n"), after.join("\n"));
    expect(rowsOf(hunks).filter((row) => row.kind === "gap")).toHaveLength(1);
    expect(countChanges(hunks)).toEqual({ added: 2, removed: 2 });
  });
});

describe("reportedHunks", () => {
  it("takes only what is a patch", () => {
    const hunk = { oldStart: 10, newStart: 10, lines: ["-a", "+b"] };
    expect(reportedHunks({ structuredPatch: [hunk] })).toEqual([hunk]);
    expect(reportedHunks({ structuredPatch: [] })).toBeNull();
    expect(reportedHunks({ structuredPatch: ["no"] })).toBeNull();
    expect(reportedHunks("text")).toBeNull();
  });
});
