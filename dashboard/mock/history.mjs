/**
 * A transcript of any length, made up as it is asked for: event n is always the same.
 * Used by the mock server and to measure the page.
 */
const WORDS =
  "ledger module adapter retry latency boundary schema worker queue commit page window token cursor parse test module review session path record state value build merge branch".split(
    " ",
  );

/** A small generator with a seed (mulberry32), so that event n never changes. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function sentence(next, words) {
  const text = Array.from({ length: words }, () => WORDS[Math.floor(next() * WORDS.length)]).join(
    " ",
  );
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

const ORIGIN = Date.parse("2026-01-05T08:00:00Z");
const at = (seq) => new Date(ORIGIN + seq * 1700).toISOString();

const TOOLS = [
  (next) => ({
    name: "Bash",
    input: { command: `pytest -q tests/test_${WORDS[Math.floor(next() * WORDS.length)]}.py` },
    result: `${"\u001b[32m.\u001b[0m".repeat(12)}\n\u001b[32m12 passed\u001b[0m in 0.31s`,
  }),
  (next) => {
    const path = `src/${WORDS[Math.floor(next() * WORDS.length)]}.py`;
    const code = `def ${WORDS[Math.floor(next() * WORDS.length)]}(a, b):\n    return a + b\n`;
    return { name: "Read", input: { file_path: path }, result: code };
  },
  (next) => {
    const path = `src/${WORDS[Math.floor(next() * WORDS.length)]}.py`;
    const word = WORDS[Math.floor(next() * WORDS.length)];
    return {
      name: "Edit",
      input: {
        file_path: path,
        old_string: `    ${word} = load(path)\n    return ${word}`,
        new_string: `    ${word} = load(path, strict=True)\n    check(${word})\n    return ${word}`,
      },
      result: `The file ${path} has been updated.`,
    };
  },
  (next) => ({
    name: "Grep",
    input: { pattern: WORDS[Math.floor(next() * WORDS.length)], path: "src" },
    result: "src/app.py:12\nsrc/store.py:48",
    detail: { numFiles: 2 },
  }),
];

/** Event `seq` of an endless piece of work: text, thinking, and tool calls with their results. */
export function historyEvent(seq) {
  const place = (seq - 1) % 6;
  const next = random(seq);
  const message = `h${Math.floor((seq - 1) / 6)}`;
  if (place === 0) {
    const content = sentence(next, 24 + Math.floor(next() * 30));
    return { type: "output", msgType: "text", content, messageId: message, block: 0, at: at(seq) };
  }
  if (place === 1) {
    const content = sentence(next, 40);
    return {
      type: "output",
      msgType: "thinking",
      content,
      messageId: message,
      block: 1,
      at: at(seq),
    };
  }
  const useSeq = place === 2 || place === 4 ? seq : seq - 1;
  const tool = TOOLS[useSeq % TOOLS.length](random(useSeq));
  const id = `t${useSeq}`;
  if (useSeq === seq) {
    const { name, input } = tool;
    return { type: "tool_use", id, name, input, messageId: message, block: place, at: at(seq) };
  }
  const ok = useSeq % 41 !== 0;
  return {
    type: "tool_result",
    id,
    ok,
    content: ok ? tool.result : `Exit code 1\n${tool.result}`,
    detail: tool.detail,
    durationMs: Math.floor(next() * 4000),
    at: at(seq),
  };
}
