import { describe, expect, it } from "vitest";
import { flatten, toForest } from "./forest";

const ids = (values: { id: string; parentId?: string | null }[]) =>
  toForest(values)
    .flatMap(flatten)
    .map(({ value, depth }) => `${"-".repeat(depth)}${value.id}`);

describe("toForest", () => {
  it("puts children below their parents and keeps the order", () => {
    const values = [
      { id: "a" },
      { id: "b", parentId: "a" },
      { id: "c" },
      { id: "d", parentId: "b" },
      { id: "e", parentId: "a" },
    ];
    expect(ids(values)).toEqual(["a", "-b", "--d", "-e", "c"]);
  });

  it("leaves nothing out: lost parents and circles become roots", () => {
    expect(ids([{ id: "a", parentId: "gone" }])).toEqual(["a"]);
    const circle = [
      { id: "a", parentId: "b" },
      { id: "b", parentId: "a" },
      { id: "c", parentId: "c" },
    ];
    expect(
      ids(circle)
        .map((id) => id.replaceAll("-", ""))
        .sort(),
    ).toEqual(["a", "b", "c"]);
  });
});
