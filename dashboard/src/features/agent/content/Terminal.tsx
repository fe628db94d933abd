import Anser from "anser";
import { memo, useMemo, useState } from "react";
import { count } from "@/lib/format";
import { withoutCommands } from "./ansi";

/** Lines shown before somebody asks for the earlier ones: the end of an output says most. */
const TAIL_LINES = 40;

function classOf({ fg, decorations }: { fg: string | null; decorations: string[] }): string {
  return [fg, ...decorations.map((each) => `ansi-${each}`)].filter(Boolean).join(" ");
}

/** Plain output of a program, with the colours it chose mapped onto ours. */
export const Terminal = memo(function Terminal({ text, label }: { text: string; label: string }) {
  const [all, setAll] = useState(false);
  const lines = text.split("\n");
  const hidden = lines.length - TAIL_LINES;
  const shown = all || hidden <= 0 ? text : lines.slice(-TAIL_LINES).join("\n");
  const parts = useMemo(
    () =>
      Anser.ansiToJson(withoutCommands(shown), {
        json: true,
        remove_empty: true,
        use_classes: true,
      }),
    [shown],
  );
  return (
    <>
      {hidden > 0 && !all && (
        <button
          type="button"
          className="tap-tight px-3 pt-1.5 text-xs text-accent hover:underline"
          onClick={() => setAll(true)}
        >
          Show {count(hidden)} earlier {hidden === 1 ? "line" : "lines"}
        </button>
      )}
      <pre className="code wrapped" tabIndex={0} role="group" aria-label={label}>
        {parts.map((part, at) =>
          part.fg || part.decorations.length > 0 ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text have no other identity
            <span key={at} className={classOf(part)}>
              {part.content}
            </span>
          ) : (
            part.content
          ),
        )}
      </pre>
    </>
  );
});
