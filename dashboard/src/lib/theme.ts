import { useSyncExternalStore } from "react";

/** The colour scheme a person chose on this device; the system's where they chose none. */
export type Theme = "system" | "light" | "dark";

const KEY = "autosclaw.theme";
const listeners = new Set<() => void>();
let chosen: Theme = "system";

function isTheme(value: string | null): value is Theme {
  return value === "system" || value === "light" || value === "dark";
}

function show(): void {
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** Reads the stored choice before the first paint. Storage may be refused: then the system's. */
export function restoreTheme(): void {
  try {
    const stored = localStorage.getItem(KEY);
    if (isTheme(stored)) chosen = stored;
  } catch {
    chosen = "system";
  }
  show();
}

function choose(theme: Theme): void {
  chosen = theme;
  show();
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Kept for this page only.
  }
  for (const listener of listeners) listener();
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => chosen,
  );
  return [theme, choose];
}
