import type { Token } from "marked";
import { memo, useMemo, useRef } from "react";
import { blocksOf } from "./blocks";
import { MarkdownBlock } from "./MarkdownBlock";

/**
 * Markdown as React elements: no HTML is ever set, so nothing an agent writes can become markup.
 * While text is being written only its last blocks are read again.
 */
function useTokens(text: string, writing: boolean): Token[] {
  const settled = useRef<{ length: number; tokens: Token[] }>({ length: 0, tokens: [] });
  return useMemo(() => {
    const { current } = settled;
    if (!writing || current.length > text.length) {
      settled.current = { length: 0, tokens: [] };
      return blocksOf(text);
    }
    const tail = blocksOf(text.slice(current.length));
    if (tail.length <= 2) return [...current.tokens, ...tail];
    const done = tail.slice(0, -1);
    settled.current = {
      length: current.length + done.reduce((sum, token) => sum + token.raw.length, 0),
      tokens: [...current.tokens, ...done],
    };
    return [...settled.current.tokens, ...tail.slice(-1)];
  }, [text, writing]);
}

interface Props {
  text: string;
  writing?: boolean;
}

export const Markdown = memo(function Markdown({ text, writing = false }: Props) {
  const tokens = useTokens(text, writing);
  return (
    <div className="md">
      {tokens.map((token, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks of a text only grow at the end
        <MarkdownBlock key={at} token={token} raw={token.raw} />
      ))}
    </div>
  );
});
