import { type ComponentProps, type ReactNode, useId } from "react";

const BOX =
  "w-full rounded-md border border-line-strong bg-panel px-3 py-1.5 min-h-9 text-ink read-only:bg-sunk aria-invalid:border-failed max-md:text-[16px]";

interface Shared {
  label: ReactNode;
  hint?: ReactNode;
}

function Labelled({ id, label, hint, children }: Shared & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-dim">
          {hint}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, ...rest }: Shared & ComponentProps<"input">) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint}>
      <input id={id} className={BOX} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
    </Labelled>
  );
}

export function TextArea({ label, hint, ...rest }: Shared & ComponentProps<"textarea">) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint}>
      <textarea
        id={id}
        className={`${BOX} resize-y`}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...rest}
      />
    </Labelled>
  );
}

export function Select({ label, hint, ...rest }: Shared & ComponentProps<"select">) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint}>
      <select
        id={id}
        className={BOX}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...rest}
      />
    </Labelled>
  );
}
