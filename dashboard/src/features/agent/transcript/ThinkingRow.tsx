import { Brain } from "lucide-react";
import { Disclosure } from "./Disclosure";

interface Props {
  text: string;
  expanded: boolean;
  writing?: boolean;
}

export function ThinkingRow({ text, expanded, writing = false }: Props) {
  return (
    <Disclosure
      quiet
      openFirst={expanded || writing}
      head={(open) => (
        <>
          <Brain size={14} aria-hidden className="shrink-0 text-dim" />
          <span className="shrink-0 text-dim">{writing ? "Thinking…" : "Thought"}</span>
          {!open && <span className="min-w-0 truncate text-sm text-dim">{text.slice(0, 160)}</span>}
        </>
      )}
    >
      {() => (
        <p
          className={`mb-1 ml-3.5 border-l-2 border-line pl-4 wrap-anywhere whitespace-pre-wrap text-dim ${writing ? "writing-plain" : ""}`}
        >
          {text}
        </p>
      )}
    </Disclosure>
  );
}
