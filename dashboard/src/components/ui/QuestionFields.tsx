import { useId } from "react";
import { type Choice, isTextOnly, type Question, toggle, toggleOther, type } from "./answers";

interface Props {
  question: Question;
  choice: Choice;
  onChange: (choice: Choice) => void;
}

const OPTION =
  "flex items-baseline gap-2.5 pointer-coarse:py-2.5 rounded-md border border-line px-3 py-1.5 hover:bg-hover has-checked:border-accent has-checked:bg-accent-wash";

/** One question: its options as radios or checkboxes, and always a place for other words. */
export function QuestionFields({ question, choice, onChange }: Props) {
  const name = useId();
  const multi = question.multiSelect ?? false;
  const input = multi ? "checkbox" : "radio";
  const unsent = choice.text.trim() && !choice.other && !isTextOnly(question);

  return (
    <fieldset className="flex min-w-0 flex-col gap-1.5">
      <legend className="mb-2 text-ask leading-snug wrap-anywhere">
        {question.question}
        {multi && <span className="block text-xs text-dim">Choose any number</span>}
      </legend>
      {question.options?.map((option) => (
        <label key={option.label} className={OPTION}>
          <input
            type={input}
            name={name}
            className="translate-y-px accent-(--accent-fill)"
            checked={choice.labels.includes(option.label)}
            onChange={() => onChange(toggle(choice, option.label, multi))}
          />
          <span className="min-w-0 wrap-anywhere">
            <span className="font-medium">{option.label}</span>
            {option.description && (
              <span className="block text-xs text-dim">{option.description}</span>
            )}
          </span>
        </label>
      ))}
      <div className={isTextOnly(question) ? "" : OPTION}>
        {!isTextOnly(question) && (
          <input
            type={input}
            name={name}
            aria-label="Something else"
            className="translate-y-px accent-(--accent-fill)"
            checked={choice.other}
            onChange={() => onChange(toggleOther(choice, multi))}
          />
        )}
        <textarea
          rows={1}
          maxLength={10_000}
          aria-label={`Your own words for: ${question.question}`}
          placeholder={isTextOnly(question) ? "Your answer" : "Something else…"}
          value={choice.text}
          onChange={(event) => onChange(type(choice, event.target.value, multi))}
          className={`field-sizing-content max-h-40 w-full min-w-0 resize-none bg-transparent max-md:text-[16px] ${
            isTextOnly(question)
              ? "rounded-md border border-line-strong bg-panel px-3 py-1.5"
              : "outline-offset-4"
          }`}
        />
      </div>
      {unsent && <p className="text-xs text-dim">Your own words are not part of this choice.</p>}
    </fieldset>
  );
}
