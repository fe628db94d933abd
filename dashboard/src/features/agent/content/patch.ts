/** Rows of a diff, with the words that changed. Pure. */
import { diffWordsWithSpace, structuredPatch } from "diff";
import type { Hunk } from "./hunks";

export interface Piece {
  text: string;
  changed: boolean;
}

export interface DiffRow {
  kind: "add" | "del" | "same" | "gap";
  oldLine: number | null;
  newLine: number | null;
  pieces: Piece[];
}

/** Words are compared up to this length of line. */
const WORDS_MAX_CHARS = 500;

export function hunksOf(before: string, after: string): Hunk[] {
  return structuredPatch("", "", before, after, "", "", { context: 3 }).hunks;
}

/** Pieces of `line`, marked where they differ from the line that stands against it. */
function pieces(line: string, other: string | undefined): Piece[] {
  const text = line.slice(1);
  if (other === undefined || text.length > WORDS_MAX_CHARS || other.length > WORDS_MAX_CHARS) {
    return [{ text, changed: false }];
  }
  const parts = diffWordsWithSpace(other.slice(1), text);
  return parts
    .filter((part) => !part.removed)
    .map((part) => ({ text: part.value, changed: part.added }));
}

/** For runs of n removed and n added lines: which line stands against which. */
function partners(lines: readonly string[]): Map<number, number> {
  const pairs = new Map<number, number>();
  let at = 0;
  while (at < lines.length) {
    const removed = at;
    while (lines[at]?.startsWith("-")) at += 1;
    const added = at;
    while (lines[at]?.startsWith("+")) at += 1;
    const size = added - removed;
    if (size > 0 && size === at - added) {
      for (let i = 0; i < size; i += 1) {
        pairs.set(removed + i, added + i);
        pairs.set(added + i, removed + i);
      }
    }
    if (at === removed) at += 1;
  }
  return pairs;
}

export function rowsOf(hunks: readonly Hunk[]): DiffRow[] {
  return hunks.flatMap((hunk, index) => {
    const pairs = partners(hunk.lines);
    let oldLine = hunk.oldStart;
    let newLine = hunk.newStart;
    const rows: DiffRow[] = [];
    if (index > 0) rows.push({ kind: "gap", oldLine: null, newLine: null, pieces: [] });
    hunk.lines.forEach((line, at) => {
      if (line.startsWith("\\")) return;
      const kind = line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : "same";
      const partner = pairs.get(at);
      rows.push({
        kind,
        oldLine: kind === "add" ? null : oldLine,
        newLine: kind === "del" ? null : newLine,
        pieces: pieces(line, partner === undefined ? undefined : hunk.lines[partner]),
      });
      if (kind !== "add") oldLine += 1;
      if (kind !== "del") newLine += 1;
    });
    return rows;
  });
}
