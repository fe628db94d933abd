/** What a person has chosen and typed for one question, and the answer it makes. Pure. */

export interface Question {
  question: string;
  header?: string | null;
  options?: { label: string; description?: string | null }[];
  multiSelect?: boolean;
}

export interface Choice {
  labels: readonly string[];
  /** "Something else" is chosen; only then is `text` part of the answer. */
  other: boolean;
  text: string;
}

export type Answers = Record<string, string | string[]>;

export const NO_CHOICE: Choice = { labels: [], other: false, text: "" };

/** A question without options is answered by text alone. */
export const isTextOnly = (question: Question): boolean => !question.options?.length;

export function toggle(choice: Choice, label: string, multi: boolean): Choice {
  if (!multi) return { ...choice, labels: [label], other: false };
  const has = choice.labels.includes(label);
  const labels = has ? choice.labels.filter((each) => each !== label) : [...choice.labels, label];
  return { ...choice, labels };
}

export function toggleOther(choice: Choice, multi: boolean): Choice {
  return multi ? { ...choice, other: !choice.other } : { ...choice, labels: [], other: true };
}

/** Typing means "something else": no one has to click it as well. */
export function type(choice: Choice, text: string, multi: boolean): Choice {
  if (!text) return { ...choice, text };
  return multi ? { ...choice, text, other: true } : { labels: [], text, other: true };
}

/** The answer to one question; null while there is none. */
export function answerOf(question: Question, choice: Choice): string | string[] | null {
  const text = choice.text.trim();
  const typed = (choice.other || isTextOnly(question)) && text ? [text] : [];
  if (choice.other && !text) return null;
  const all = [...choice.labels, ...typed];
  if (all.length === 0) return null;
  return question.multiSelect ? all : (all[0] ?? null);
}

/** Answers to all questions by their text; null while one of them has none. */
export function answersOf(questions: Question[], choices: readonly Choice[]): Answers | null {
  const answers: Answers = {};
  for (const [index, question] of questions.entries()) {
    const answer = answerOf(question, choices[index] ?? NO_CHOICE);
    if (answer === null) return null;
    answers[question.question] = answer;
  }
  return answers;
}
