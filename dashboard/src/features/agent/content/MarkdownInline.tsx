import type { MarkedToken, Token } from "marked";
import type { ReactNode } from "react";

const SAFE_LINK = /^(https?:|mailto:)/i;

function Inline({ token }: { token: Token }): ReactNode {
  const known = token as MarkedToken;
  switch (known.type) {
    case "strong":
      return (
        <strong>
          <Inlines tokens={known.tokens} />
        </strong>
      );
    case "em":
      return (
        <em>
          <Inlines tokens={known.tokens} />
        </em>
      );
    case "del":
      return (
        <del>
          <Inlines tokens={known.tokens} />
        </del>
      );
    case "codespan":
      return <code>{known.text}</code>;
    case "br":
      return <br />;
    case "link":
      if (!SAFE_LINK.test(known.href)) return known.raw;
      return (
        <a href={known.href} rel="noreferrer noopener" target="_blank">
          <Inlines tokens={known.tokens} />
        </a>
      );
    case "text":
      return known.tokens ? <Inlines tokens={known.tokens} /> : known.text;
    case "escape":
      return known.text;
    default:
      // Images and raw HTML stay what they are: text.
      return token.raw;
  }
}

export function Inlines({ tokens }: { tokens: Token[] | undefined }) {
  return tokens?.map((token, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text only grow at the end
    <Inline key={at} token={token} />
  ));
}
