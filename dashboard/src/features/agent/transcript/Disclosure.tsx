import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";

interface Props {
  head: (open: boolean) => ReactNode;
  /** Made only when open. */
  children: () => ReactNode;
  /** Open until the reader decides otherwise. */
  openFirst: boolean;
  tone?: "plain" | "failed";
  quiet?: boolean;
}

/** One line that opens: a step of the transcript. */
export function Disclosure({ head, children, openFirst, tone = "plain", quiet = false }: Props) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? openFirst;
  const frame = quiet
    ? ""
    : open
      ? `rounded-md border bg-panel ${tone === "failed" ? "border-failed/40" : "border-line"}`
      : "rounded-md border border-transparent hover:bg-hover";
  return (
    <div className={`-ml-2 min-w-0 overflow-hidden ${frame}`}>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setChosen(!open)}
        className="tap-tight flex min-h-7 w-full min-w-0 items-center gap-2 px-2 text-left"
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={`shrink-0 text-dim transition-transform duration-100 ${open ? "rotate-90" : ""}`}
        />
        {head(open)}
      </button>
      {open && children()}
    </div>
  );
}
