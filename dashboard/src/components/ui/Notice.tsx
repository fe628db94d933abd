import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./Button";

interface Props {
  title: string;
  children?: ReactNode;
  onRetry?: () => void;
}

/** Something went wrong: what, and what to do about it. */
export function ErrorNotice({ title, children, onRetry }: Props) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-failed/40 bg-failed-wash px-4 py-3"
    >
      <div className="min-w-0 flex-1 basis-60">
        <p className="font-semibold">{title}</p>
        {children && <p className="wrap-anywhere text-dim">{children}</p>}
      </div>
      {onRetry && (
        <Button onClick={onRetry}>
          <RotateCw size={14} aria-hidden /> Try again
        </Button>
      )}
    </div>
  );
}

/** A line under a field or button that could not do what it was asked. */
export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} role="alert" className="text-sm text-failed">
      {children}
    </p>
  );
}

/** Grey bars where content will be; shown only when loading takes a moment. */
export function Skeleton({ label, rows }: { label: string; rows: number }) {
  return (
    <div aria-busy="true" className="late flex flex-col gap-2.5">
      <p className="sr-only">{label}</p>
      {Array.from({ length: rows }, (_, row) => row).map((row) => (
        <div key={row} className="h-8 rounded-md bg-sunk" />
      ))}
    </div>
  );
}
