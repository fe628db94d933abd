import type { ComponentProps } from "react";

type Kind = "plain" | "primary" | "danger" | "quiet";

const BASE =
  "inline-flex items-center justify-center gap-1.5 rounded-md border px-3 min-h-8 font-medium whitespace-nowrap select-none disabled:opacity-55 disabled:cursor-not-allowed transition-colors duration-100";

const KINDS: Record<Kind, string> = {
  plain: "border-line bg-panel text-ink enabled:hover:bg-hover",
  primary: "border-accent-fill bg-accent-fill text-white enabled:hover:brightness-110",
  danger: "border-failed/50 bg-panel text-failed enabled:hover:bg-failed-wash",
  quiet: "border-transparent bg-transparent text-ink enabled:hover:bg-hover",
};

export const buttonClass = (kind: Kind = "plain"): string => `${BASE} ${KINDS[kind]}`;

interface Props extends ComponentProps<"button"> {
  kind?: Kind;
}

export function Button({ kind = "plain", className = "", type = "button", ...rest }: Props) {
  return <button type={type} className={`${buttonClass(kind)} ${className}`} {...rest} />;
}
