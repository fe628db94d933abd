/** Pieces of a patch as tools report them. Pure. */

export interface Hunk {
  oldStart: number;
  newStart: number;
  /** Each begins with "+", "-" or " ". */
  lines: string[];
}

function isHunk(value: unknown): value is Hunk {
  return (
    typeof value === "object" &&
    value !== null &&
    "oldStart" in value &&
    "newStart" in value &&
    "lines" in value &&
    Array.isArray(value.lines)
  );
}

/** The hunks a tool reported with its result; null when it reported none. */
export function reportedHunks(detail: unknown): Hunk[] | null {
  if (typeof detail !== "object" || detail === null || !("structuredPatch" in detail)) return null;
  const { structuredPatch: hunks } = detail;
  if (!Array.isArray(hunks) || hunks.length === 0) return null;
  return hunks.every(isHunk) ? hunks : null;
}

export function countChanges(hunks: readonly Hunk[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const line of hunks.flatMap((hunk) => hunk.lines)) {
    if (line.startsWith("+")) added += 1;
    else if (line.startsWith("-")) removed += 1;
  }
  return { added, removed };
}
