import type { MarkedToken, Token, Tokens } from "marked";
import { memo, type ReactNode } from "react";
import { Code } from "./Code";
import { Inlines } from "./MarkdownInline";

function List({ list }: { list: Tokens.List }) {
  const items = list.items.map((item, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: items of a text only grow at the end
    <li key={at}>
      {item.task && (
        <span className="mr-1.5" role="img" aria-label={item.checked ? "Done" : "Open"}>
          {item.checked ? "☑" : "☐"}
        </span>
      )}
      {item.tokens.map((token, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <MarkdownBlock key={index} token={token} raw={token.raw} />
      ))}
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table }: { table: Tokens.Table }) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            {table.header.map((cell, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other identity
              <th key={at} scope="col">
                <Inlines tokens={cell.tokens} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <tr key={at}>
              {row.map((cell, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <td key={index}>
                  <Inlines tokens={cell.tokens} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Props {
  token: Token;
  /** The block's source: the same source is the same block, whatever object holds it. */
  raw: string;
}

export const MarkdownBlock = memo(
  function MarkdownBlock({ token }: Props): ReactNode {
    const known = token as MarkedToken;
    switch (known.type) {
      case "heading":
        // A paragraph: an agent's headings would break the page's own order.
        return (
          <p className="heading">
            <Inlines tokens={known.tokens} />
          </p>
        );
      case "paragraph":
        return (
          <p>
            <Inlines tokens={known.tokens} />
          </p>
        );
      case "text":
        return known.tokens ? <Inlines tokens={known.tokens} /> : known.text;
      case "list":
        return <List list={known} />;
      case "code":
        return <Code code={known.text} language={(known.lang ?? "").split(/\s/)[0] ?? ""} />;
      case "blockquote":
        return (
          <blockquote>
            {known.tokens.map((inner, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: blocks only grow at the end
              <MarkdownBlock key={at} token={inner} raw={inner.raw} />
            ))}
          </blockquote>
        );
      case "table":
        return <Table table={known} />;
      case "hr":
        return <hr />;
      case "space":
      case "def":
      case "checkbox":
        return null;
      default:
        return <p>{token.raw}</p>;
    }
  },
  (before, after) => before.raw === after.raw,
);
