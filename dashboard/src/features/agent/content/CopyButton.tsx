import { Check, Copy } from "lucide-react";
import { useState } from "react";

export function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      // Refused by the browser: the text can still be selected.
    }
  };
  return (
    <button
      type="button"
      onClick={copy}
      title="Copy"
      className="tap-tight grid size-6 place-items-center rounded text-dim hover:bg-hover hover:text-ink"
    >
      {copied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
      <span className="sr-only">{copied ? "Copied" : "Copy"}</span>
    </button>
  );
}
