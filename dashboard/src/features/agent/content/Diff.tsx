import { memo, useMemo } from "react";
import type { Hunk } from "./hunks";
import { type DiffRow, rowsOf } from "./patch";

const SIGNS = { add: "+", del: "−", same: "", gap: "" };
const WORDS = { add: "added", del: "removed", same: "", gap: "" };

function Line({ row }: { row: DiffRow }) {
  if (row.kind === "gap") {
    return (
      <tr data-kind="gap">
        <td colSpan={4}>⋯</td>
      </tr>
    );
  }
  return (
    <tr data-kind={row.kind}>
      <td className="line">{row.oldLine}</td>
      <td className="line">{row.newLine}</td>
      <td className="sign">
        <span aria-hidden>{SIGNS[row.kind]}</span>
        <span className="sr-only">{WORDS[row.kind]}</span>
      </td>
      <td>
        <code>
          {row.pieces.map((piece, at) =>
            piece.changed ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a line
              <mark key={at}>{piece.text}</mark>
            ) : (
              piece.text
            ),
          )}
        </code>
      </td>
    </tr>
  );
}

export const Diff = memo(function Diff({ hunks, path }: { hunks: Hunk[]; path: string }) {
  const rows = useMemo(() => rowsOf(hunks), [hunks]);
  return (
    <div className="diff" tabIndex={0} role="group" aria-label={`Changes to ${path}`}>
      <table>
        <tbody>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a diff never move
            <Line key={at} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
});
