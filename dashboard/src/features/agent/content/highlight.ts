/** Asks the worker for colours and remembers the latest answers. */
import type { HighlightAnswer, HighlightRequest, Token } from "./highlight.worker";

type Lines = Token[][] | null;

const REMEMBERED = 300;
const remembered = new Map<string, Lines>();
const waiting = new Map<number, (lines: Lines) => void>();
let worker: Worker | null = null;
let last = 0;

const keyOf = (code: string, language: string): string => `${language}\0${code}`;

function start(): Worker {
  const started = new Worker(new URL("./highlight.worker.ts", import.meta.url), { type: "module" });
  started.onmessage = ({ data }: MessageEvent<HighlightAnswer>) => {
    waiting.get(data.id)?.(data.lines);
    waiting.delete(data.id);
  };
  return started;
}

/** What is known already; undefined when nobody asked yet. */
export function coloured(code: string, language: string): Lines | undefined {
  return remembered.get(keyOf(code, language));
}

export function highlight(code: string, language: string): Promise<Lines> {
  const key = keyOf(code, language);
  const known = remembered.get(key);
  if (known !== undefined) return Promise.resolve(known);
  worker ??= start();
  last += 1;
  const request: HighlightRequest = { id: last, code, language };
  worker.postMessage(request);
  return new Promise((resolve) => {
    waiting.set(request.id, (lines) => {
      remembered.set(key, lines);
      const oldest = remembered.keys().next();
      if (remembered.size > REMEMBERED && !oldest.done) remembered.delete(oldest.value);
      resolve(lines);
    });
  });
}
