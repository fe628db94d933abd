/** Text typed but not sent, kept over reloads of this tab. Must not know where it is typed. */

const PREFIX = "autosclaw.draft.";

export function readDraft(name: string): string {
  try {
    return sessionStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(name: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(PREFIX + name, text);
    else sessionStorage.removeItem(PREFIX + name);
  } catch {
    // Storage is full or refused: the text lives as long as its field.
  }
}
