/** Reads Markdown; what would take the page down with it stays plain text. Pure. */
import { Lexer, type Token, type Tokens } from "marked";

/** Between empty lines, but for fenced code: reading takes time by the square of it. */
const MAX_RUN_CHARS = 10_000;
/** How deep blocks and marks may stand in each other. */
const MAX_DEPTH = 24;
/** A table fills its rows up: few characters can be millions of cells. */
const MAX_CELLS = 5_000;

const FENCED = /^ {0,3}(```|~~~)[^`\n]*\n[\s\S]*?(?:^ {0,3}\1|$(?![\s\S]))/gm;
const tooLong = (text: string): boolean =>
  text.length > MAX_RUN_CHARS &&
  text
    .replace(FENCED, "\n\n")
    .split(/\n\s*\n/)
    .some((run) => run.length > MAX_RUN_CHARS);

function tame(tokens: Token[], depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  return tokens.every((token) => {
    if (token.type === "table") {
      return (
        (token as Tokens.Table).header.length * (token as Tokens.Table).rows.length <= MAX_CELLS
      );
    }
    return tame(
      "items" in token ? token.items : ("tokens" in token && token.tokens) || [],
      depth + 1,
    );
  });
}

/** The blocks of a text; never fails. */
export function blocksOf(text: string): Token[] {
  try {
    const tokens = tooLong(text) ? [] : Lexer.lex(text);
    if (tame(tokens, 0) && (tokens.length > 0 || !text)) return tokens;
  } catch {
    // Nested deeper than the reader can go.
  }
  return [{ type: "plain", raw: text }];
}
