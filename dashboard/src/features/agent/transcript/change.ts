/** What a tool call changed in a text. Apart from `tools`, because it needs the diff library. Pure. */
import type { ToolResult, ToolUse } from "@/api/types";
import { type Hunk, reportedHunks } from "../content/hunks";
import { hunksOf } from "../content/patch";
import { fieldsOf, shortName, textOf } from "./tools";

/** The change a call made or will make; null for tools that change no text. */
export function changeOf(use: ToolUse, result: ToolResult | null): Hunk[] | null {
  const reported = reportedHunks(result?.detail);
  if (reported) return reported;
  const input = fieldsOf(use.input);
  switch (shortName(use.name ?? "")) {
    case "Edit":
      return hunksOf(textOf(input, "old_string"), textOf(input, "new_string"));
    case "MultiEdit": {
      const edits = Array.isArray(input.edits) ? input.edits.map(fieldsOf) : [];
      return edits.flatMap((edit) =>
        hunksOf(textOf(edit, "old_string"), textOf(edit, "new_string")),
      );
    }
    default:
      return null;
  }
}
