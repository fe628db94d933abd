import { describe, expect, it } from "vitest";
import type { TranscriptEvent } from "@/api/types";
import { toItems } from "./items";

const call: TranscriptEvent = {
  type: "tool_use",
  id: "t1",
  name: "Bash",
  messageId: "m",
  block: 1,
};
const result: TranscriptEvent = { type: "tool_result", id: "t1", ok: false, content: "boom" };
const said: TranscriptEvent = { type: "output", msgType: "text", content: "hello" };

describe("toItems", () => {
  it("puts a result into its tool call, also when it came later", () => {
    const before = toItems([said, call], 7);
    const after = toItems([said, call, result], 7, before);
    expect(after.map((item) => item.kind)).toEqual(["text", "tool"]);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[1]).toMatchObject({ seq: 8, result: { content: "boom" } });
  });

  it("keeps every item's identity when nothing changed for it", () => {
    const before = toItems([said, call, result], 1);
    const after = toItems([said, call, result, said], 1, before);
    expect(after.slice(0, 2)).toEqual(before);
    expect(after[1]).toBe(before[1]);
  });

  it("keeps keys when the window moves", () => {
    const all = toItems([said, said, call], 10);
    const cut = toItems([said, call], 11);
    expect(cut.map((item) => item.key)).toEqual(all.slice(1).map((item) => item.key));
  });

  it("never gives two rows the same key", () => {
    const items = toItems([call, call, call], 1);
    expect(new Set(items.map((item) => item.key)).size).toBe(3);
  });

  it("marks chats as seen up to the number the model took in", () => {
    const chat = (input: number): TranscriptEvent => ({
      type: "output",
      msgType: "user_input",
      content: "hi",
      input,
    });
    const items = toItems([chat(1), chat(2), { type: "chat_seen", input: 1 }], 1);
    expect(items.map((item) => item.kind === "user" && item.seen)).toEqual([true, false]);
  });

  it("closes a question by its answer", () => {
    const ask: TranscriptEvent = { type: "ask_user", id: "q", questions: [] };
    const answered: TranscriptEvent = { type: "answered", id: "q", answers: { a: "b" }, by: "ada" };
    const closed: TranscriptEvent = { type: "ask_closed", id: "q", reason: "answered" };
    const open = toItems([ask], 1);
    expect(open[0]).toMatchObject({ kind: "ask", answered: null, closed: null });
    const shut = toItems([ask, answered, closed], 1, open);
    expect(shut).toHaveLength(1);
    expect(shut[0]).toMatchObject({ answered: { by: "ada" }, closed: { reason: "answered" } });
  });

  it("shows the question, not the tool call that asked it", () => {
    const items = toItems([{ type: "tool_use", name: "AskUserQuestion", id: "x" }], 1);
    expect(items).toEqual([]);
  });

  it("knows a result that only repeats the last words", () => {
    const result: TranscriptEvent = { type: "output", msgType: "result_success", content: "hello" };
    const [, repeated] = toItems([said, result], 1);
    expect(repeated).toMatchObject({ kind: "result", repeats: true });
    const [, other] = toItems([said, { ...result, content: "goodbye" }], 1);
    expect(other).toMatchObject({ kind: "result", repeats: false });
  });

  it("keeps output of kinds it does not know as notices", () => {
    const items = toItems([{ type: "output", msgType: "brand_new", content: "x" }], 1);
    expect(items[0]?.kind).toBe("notice");
  });
});
