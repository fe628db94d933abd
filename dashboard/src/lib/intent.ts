import { useRef } from "react";

/** 128 random bits. Not crypto.randomUUID: that is missing where the page comes over plain http. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The key of what a person wants, made from `content`: sending the same again after a lost answer
 * keeps its key, so that the server does it once. Call `done` when it was accepted.
 */
export function useIntent(): { keyFor: (content: string) => string; done: () => void } {
  const intent = useRef<{ content: string; key: string } | null>(null);
  return {
    keyFor: (content) => {
      if (intent.current?.content !== content) intent.current = { content, key: newKey() };
      return intent.current.key;
    },
    done: () => {
      intent.current = null;
    },
  };
}
