import type { ReactNode } from "react";

/** A status is a shape, a word and a colour: any one of them may be missed. */
export interface Mark {
  word: string;
  tone: string;
  shape: ReactNode;
}

const ring = { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", strokeWidth: 1.6 };

export const MARKS = {
  running: {
    word: "Running",
    tone: "text-running",
    shape: <path d="M4.5 3v10l8-5z" fill="currentColor" />,
  },
  idle: {
    word: "Idle",
    tone: "text-off",
    shape: <circle cx="8" cy="8" r="3" fill="currentColor" />,
  },
  waiting: {
    word: "Waiting for you",
    tone: "text-waiting",
    shape: (
      <>
        <path d="M8 1.5 14.5 8 8 14.5 1.5 8z" fill="currentColor" />
        <path
          d="M8 5v3.5M8 10.6v.5"
          stroke="var(--panel)"
          strokeWidth="1.7"
          strokeLinecap="round"
        />
      </>
    ),
  },
  starting: {
    word: "Starting",
    tone: "text-off",
    shape: <circle {...ring} strokeDasharray="3 2.6" />,
  },
  stopping: {
    word: "Stopping",
    tone: "text-off",
    shape: (
      <>
        <circle {...ring} strokeDasharray="3 2.6" />
        <rect x="6" y="6" width="4" height="4" fill="currentColor" />
      </>
    ),
  },
  away: {
    word: "Out of contact",
    tone: "text-waiting",
    shape: (
      <>
        <circle {...ring} />
        <path d="M3 13 13 3" stroke="currentColor" strokeWidth="1.6" />
      </>
    ),
  },
  done: {
    word: "Done",
    tone: "text-done",
    shape: (
      <>
        <circle {...ring} r={6} />
        <path d="m5 8.2 2.1 2.1L11.2 6" fill="none" stroke="currentColor" strokeWidth="1.6" />
      </>
    ),
  },
  failed: {
    word: "Failed",
    tone: "text-failed",
    shape: (
      <>
        <path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5z" fill="currentColor" />
        <path d="m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" stroke="var(--panel)" strokeWidth="1.6" />
      </>
    ),
  },
  stopped: {
    word: "Stopped",
    tone: "text-off",
    shape: (
      <rect
        x="3.5"
        y="3.5"
        width="9"
        height="9"
        rx="1.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
      />
    ),
  },
} satisfies Record<string, Mark>;

export type MarkName = keyof typeof MARKS;

interface Props {
  look: MarkName;
  /** Without the word on screen it is still there for screen readers. */
  iconOnly?: boolean;
}

export function StatusMark({ look, iconOnly = false }: Props) {
  const { word, tone, shape } = MARKS[look];
  return (
    <span className={`inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap ${tone}`}>
      <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true" className="shrink-0">
        {shape}
      </svg>
      <span className={iconOnly ? "sr-only" : ""}>{word}</span>
    </span>
  );
}
