import { X } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

interface Props {
  title: string;
  children: ReactNode;
  onClose: () => void;
  width?: "narrow" | "wide";
}

/**
 * A modal on the platform's own <dialog>: focus stays inside and returns, Escape closes, Enter acts
 * on the focused button alone. The element with `autoFocus` (data-autofocus) has focus first.
 */
export function Dialog({ title, children, onClose, width = "narrow" }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // Closed while it is still in the document: only then does the focus return to where it was.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => dialog?.close();
  }, []);

  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className={`w-[calc(100vw-24px)] ${width === "wide" ? "max-w-xl" : "max-w-md"} max-h-[calc(100dvh-24px)] rounded-xl border border-line bg-panel p-0 shadow-2xl`}
    >
      <header className="flex items-center gap-3 px-5 pt-4">
        <h2 id={titleId} className="text-lg font-semibold tracking-tight">
          {title}
        </h2>
        <button
          type="button"
          onClick={onClose}
          className="-mr-2 ml-auto grid size-8 place-items-center rounded-md text-dim hover:bg-hover"
        >
          <X size={18} aria-hidden />
          <span className="sr-only">Close</span>
        </button>
      </header>
      <div className="px-5 pt-2 pb-5">{children}</div>
    </dialog>
  );
}
