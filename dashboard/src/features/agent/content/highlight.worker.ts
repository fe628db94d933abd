/** Colours code off the main thread; one language at a time is loaded, when it is first seen. */
import { createHighlighterCore, type LanguageRegistration } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";

/** Longer code stays uncoloured: nobody reads colours there, and it would take seconds. */
const MAX_CHARS = 60_000;
const LIGHT = "github-light-high-contrast";
const DARK = "github-dark-high-contrast";

type Load = () => Promise<{ default: LanguageRegistration[] }>;

const LANGUAGES: Record<string, Load> = {
  bash: () => import("shiki/langs/bash.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  dockerfile: () => import("shiki/langs/dockerfile.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
};

const ALIASES: Record<string, string> = {
  cjs: "typescript",
  console: "bash",
  htm: "html",
  js: "typescript",
  javascript: "typescript",
  jsx: "tsx",
  md: "markdown",
  mjs: "typescript",
  py: "python",
  rs: "rust",
  sh: "bash",
  shell: "bash",
  ts: "typescript",
  yml: "yaml",
};

/** Text, its colour on a light page, its colour on a dark one. */
export type Token = [text: string, light: string, dark: string];

export interface HighlightRequest {
  id: number;
  code: string;
  language: string;
}

export interface HighlightAnswer {
  id: number;
  /** Null where the language is not known or the code too long. */
  lines: Token[][] | null;
}

const highlighter = createHighlighterCore({
  themes: [
    import("shiki/themes/github-light-high-contrast.mjs"),
    import("shiki/themes/github-dark-high-contrast.mjs"),
  ],
  langs: [],
  engine: createJavaScriptRegexEngine({ forgiving: true }),
});

async function colour(code: string, language: string): Promise<Token[][] | null> {
  const lang = ALIASES[language] ?? language;
  const load = LANGUAGES[lang];
  if (!load || code.length > MAX_CHARS) return null;
  const core = await highlighter;
  if (!core.getLoadedLanguages().includes(lang)) await core.loadLanguage((await load()).default);
  const lines = core.codeToTokensWithThemes(code, { lang, themes: { light: LIGHT, dark: DARK } });
  return lines.map((line) =>
    line.map(
      ({ content, variants }): Token => [
        content,
        variants.light?.color ?? "inherit",
        variants.dark?.color ?? "inherit",
      ],
    ),
  );
}

self.onmessage = async ({ data }: MessageEvent<HighlightRequest>) => {
  let lines: Token[][] | null = null;
  try {
    lines = await colour(data.code, data.language);
  } catch {
    // A grammar that fails leaves the code plain.
  }
  const answer: HighlightAnswer = { id: data.id, lines };
  self.postMessage(answer);
};
