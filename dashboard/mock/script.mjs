/** One agent's working day in small steps: what the page must be able to show. */
import { randomUUID } from "node:crypto";

const BEFORE =
  "def total(entries):\n    sum = 0\n    for e in entries:\n        sum += e.amount\n    return sum\n";
const TEXT = `The totals are off because \`total\` adds amounts of **different currencies**. I will:

1. group the entries by currency,
2. return a mapping instead of one number,
3. mend the two callers.

\`\`\`python
def total(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """Totals by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums[entry.currency] += entry.amount
    return dict(sums)
\`\`\`

| caller | change |
| --- | --- |
| \`report.py\` | one line per currency |
| \`api.py\` | new field \`totals\` |
`;
const FAILED = `Exit code 1
\u001b[31mFAILED\u001b[0m tests/test_ledger.py::test_total - TypeError: 'dict' object is not a number
\u001b[31m1 failed\u001b[0m, \u001b[32m11 passed\u001b[0m in 0.42s`;
const TODOS = ["Map the call sites", "Rewrite total()", "Mend the callers", "Run the tests"];

const todos = (done) =>
  TODOS.map((content, i) => ({
    content,
    status: i < done ? "completed" : i === done ? "in_progress" : "pending",
  }));

const text = (content, messageId, block, msgType = "text") => ({
  type: "output",
  msgType,
  content,
  messageId,
  block,
});
const use = (id, name, input, messageId, block) => ({
  type: "tool_use",
  id,
  name,
  input,
  messageId,
  block,
});
const result = (id, content, more = {}) => ({ type: "tool_result", id, content, ...more });

const OPENING = [
  { type: "state_changed", state: "starting" },
  { type: "session", sessionId: "s", model: "claude-opus-4-6" },
  {
    type: "output",
    msgType: "user_input",
    content:
      "The totals in the report are wrong when somebody pays in euros. Find out why and mend it.",
    by: "admin",
    input: 1,
  },
  { type: "chat_seen", input: 1 },
  text("I look for the place where totals are made, then for who calls it.", "m1", 0, "thinking"),
  text("I will start with the ledger.", "m1", 1),
  use("u1", "Grep", { pattern: "def total", path: "src" }, "m1", 2),
  result("u1", "src/ledger/total.py", { detail: { numFiles: 1 }, durationMs: 31 }),
  use("u2", "Read", { file_path: "src/ledger/total.py" }, "m2", 0),
  result(
    "u2",
    BEFORE.split("\n")
      .map((line, i) => `${String(i + 1).padStart(6)}→${line}`)
      .join("\n"),
    { durationMs: 4 },
  ),
  use("u3", "TodoWrite", { todos: todos(1) }, "m3", 0),
  result("u3", "Todos have been modified", { durationMs: 2 }),
  use(
    "u4",
    "Edit",
    {
      file_path: "src/ledger/total.py",
      old_string: BEFORE,
      new_string:
        "def total(entries):\n    sums = defaultdict(Decimal)\n    for e in entries:\n        sums[e.currency] += e.amount\n    return dict(sums)\n",
    },
    "m4",
    0,
  ),
  result("u4", "The file has been updated.", {
    durationMs: 6,
    detail: {
      structuredPatch: [
        {
          oldStart: 14,
          newStart: 14,
          lines: [
            " def total(entries):",
            "-    sum = 0",
            "+    sums = defaultdict(Decimal)",
            "     for e in entries:",
            "-        sum += e.amount",
            "-    return sum",
            "+        sums[e.currency] += e.amount",
            "+    return dict(sums)",
          ],
        },
      ],
    },
  }),
  use(
    "u5",
    "Bash",
    { command: "pytest -q tests/test_ledger.py", description: "Run the ledger tests" },
    "m5",
    0,
  ),
  result("u5", FAILED, { ok: false, durationMs: 1612 }),
];

/** Everything up to a stop in the middle of an answer. */
export const opening = () => structuredClone(OPENING);

/** The answer that is being written when somebody looks. */
export const streamed = TEXT;

export const failedEnd = [
  {
    type: "state_changed",
    state: "failed",
    reason: "Container was killed: out of memory (limit 4 GB).",
  },
];

export function askEvent(question) {
  return { type: "ask_user", id: question.id, kind: "question", questions: question.questions };
}

/** Calls `emit` with events and `delta` with pieces of text, over and over, until aborted. */
export async function play({ emit, delta, signal, pace = 30 }) {
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  while (!signal.aborted) {
    const message = randomUUID();
    const thought =
      "The failing test compares a number with a mapping. The caller in report.py must choose a currency.";
    for (const piece of thought.match(/.{1,6}/gs)) {
      if (signal.aborted) return;
      delta({ messageId: message, block: 0, kind: "thinking", text: piece });
      await wait(pace);
    }
    emit(text(thought, message, 0, "thinking"));
    for (const piece of TEXT.match(/.{1,5}/gs)) {
      if (signal.aborted) return;
      delta({ messageId: message, block: 1, kind: "text", text: piece });
      await wait(pace);
    }
    emit(text(TEXT, message, 1));
    const id = randomUUID();
    const input = { command: "pytest -q", description: "Run all tests" };
    for (const piece of JSON.stringify(input).match(/.{1,8}/gs)) {
      delta({ messageId: message, block: 2, kind: "input", text: piece });
      await wait(pace);
    }
    emit(use(id, "Bash", input, message, 2));
    await wait(1_500);
    emit(result(id, "\u001b[32m12 passed\u001b[0m in 0.40s", { durationMs: 1_500 }));
    await wait(800);
  }
}
