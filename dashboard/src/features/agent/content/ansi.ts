/** What a program wrote for a terminal, without what is no text and no colour. Pure. */

/**
 * Titles, links and other commands to a terminal. Colours and the like (ESC [) stay. None reaches
 * over a line's end: one that is never closed must not swallow what follows.
 */
const COMMANDS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /\x1b(?:[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[^[\]PX^_\n]|$)/g;

export const withoutCommands = (text: string): string => text.replace(COMMANDS, "");
