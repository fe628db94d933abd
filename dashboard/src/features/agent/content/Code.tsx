import { memo, useEffect, useState } from "react";
import { count } from "@/lib/format";
import { CopyButton } from "./CopyButton";
import { coloured, highlight } from "./highlight";
import type { Token } from "./highlight.worker";

/** Rows that only pass by while scrolling are not worth colouring. */
const SETTLE_MS = 60;

function useColours(code: string, language: string): Token[][] | null {
  const [lines, setLines] = useState(() => coloured(code, language) ?? null);
  useEffect(() => {
    if (!language) return;
    let wanted = true;
    const timer = setTimeout(async () => {
      const answer = await highlight(code, language);
      if (wanted) setLines(answer);
    }, SETTLE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [code, language]);
  return lines;
}

function Coloured({ lines }: { lines: Token[][] }) {
  return lines.map((line, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text have no other identity
    <span key={row}>
      {line.map(([text, light, dark], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <span key={at} style={{ color: `light-dark(${light}, ${dark})` }}>
          {text}
        </span>
      ))}
      {"\n"}
    </span>
  ));
}

interface Props {
  code: string;
  language: string;
  /** Lines shown before somebody asks for the rest. */
  max?: number;
  /** Inside a tool card the frame is there already. */
  bare?: boolean;
}

export const Code = memo(function Code({ code, language, max = 40, bare = false }: Props) {
  const [all, setAll] = useState(false);
  const lines = code.split("\n");
  const shown = all || lines.length <= max ? code : lines.slice(0, max).join("\n");
  const colours = useColours(shown, language);
  return (
    <div
      className={
        bare ? "" : "code-block my-2 overflow-hidden rounded-md border border-line bg-panel"
      }
    >
      {!bare && (
        <div className="flex items-center border-b border-line bg-sunk pr-1 pl-3 font-mono text-xs text-dim">
          <span className="mr-auto">{language || "text"}</span>
          <CopyButton text={code} />
        </div>
      )}
      <pre className="code" tabIndex={0} role="group" aria-label={`${language || "text"} code`}>
        <code>{colours ? <Coloured lines={colours} /> : shown}</code>
      </pre>
      {shown !== code && (
        <button
          type="button"
          className="tap-tight px-3 py-1 text-xs text-accent hover:underline"
          onClick={() => setAll(true)}
        >
          Show all {count(lines.length)} lines
        </button>
      )}
    </div>
  );
});
