import { describe, expect, it } from "vitest";
import { answersOf, NO_CHOICE, type Question, toggle, toggleOther, type } from "./answers";

const one: Question = { question: "Which?", options: [{ label: "A" }, { label: "B" }] };
const many: Question = { ...one, question: "Which ones?", multiSelect: true };
const open: Question = { question: "Why?", options: [] };

describe("answers", () => {
  it("takes one label, or text instead of it", () => {
    const chosen = toggle(NO_CHOICE, "A", false);
    expect(answersOf([one], [chosen])).toEqual({ "Which?": "A" });
    const typed = type(chosen, "neither", false);
    expect(answersOf([one], [typed])).toEqual({ "Which?": "neither" });
    expect(answersOf([one], [toggle(typed, "B", false)])).toEqual({ "Which?": "B" });
  });

  it("takes several labels and text together", () => {
    const chosen = type(toggle(toggle(NO_CHOICE, "A", true), "B", true), "and C", true);
    expect(answersOf([many], [chosen])).toEqual({ "Which ones?": ["A", "B", "and C"] });
    expect(answersOf([many], [toggle(chosen, "A", true)])).toEqual({
      "Which ones?": ["B", "and C"],
    });
  });

  it("is not an answer while a question is open or 'something else' has no words", () => {
    expect(answersOf([one, open], [toggle(NO_CHOICE, "A", false), NO_CHOICE])).toBeNull();
    expect(answersOf([one], [toggleOther(NO_CHOICE, false)])).toBeNull();
    const wordless = toggleOther(toggle(NO_CHOICE, "A", true), true);
    expect(answersOf([many], [wordless])).toBeNull();
    expect(answersOf([open], [type(NO_CHOICE, "  ", false)])).toBeNull();
    expect(answersOf([open], [type(NO_CHOICE, "so", false)])).toEqual({ "Why?": "so" });
  });
});
