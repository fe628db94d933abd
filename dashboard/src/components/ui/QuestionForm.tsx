import { Check } from "lucide-react";
import { type FormEvent, useState } from "react";
import { type Answers, answersOf, type Choice, NO_CHOICE, type Question } from "./answers";
import { Button } from "./Button";
import { FieldError } from "./Notice";
import { QuestionFields } from "./QuestionFields";

interface Props {
  questions: Question[];
  /** Rejects with a sentence for a human; what was chosen and typed stays. */
  onAnswer: (answers: Answers) => Promise<unknown>;
  disabledReason?: string | null;
}

/** Options, several of them or free text, for one to a few questions of an agent. */
export function QuestionForm({ questions, onAnswer, disabledReason }: Props) {
  const [choices, setChoices] = useState<Choice[]>(() => questions.map(() => NO_CHOICE));
  const [phase, setPhase] = useState<"open" | "sending" | "sent">("open");
  const [error, setError] = useState<string | null>(null);
  const answers = answersOf(questions, choices);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!answers || phase !== "open") return;
    setPhase("sending");
    setError(null);
    try {
      await onAnswer(answers);
      setPhase("sent");
    } catch (reason) {
      setPhase("open");
      setError(reason instanceof Error ? reason.message : "The answer could not be sent.");
    }
  };

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {questions.map((question, index) => (
        <QuestionFields
          key={question.question}
          question={question}
          choice={choices[index] ?? NO_CHOICE}
          onChange={(choice) => setChoices(choices.map((old, i) => (i === index ? choice : old)))}
        />
      ))}
      <div className="flex flex-wrap items-center gap-3">
        <Button
          type="submit"
          kind="primary"
          disabled={!answers || phase !== "open" || Boolean(disabledReason)}
        >
          {phase === "sent" && <Check size={15} aria-hidden />}
          {phase === "open" ? "Answer" : phase === "sending" ? "Sending…" : "Answered"}
        </Button>
        {disabledReason && <p className="text-sm text-dim">{disabledReason}</p>}
        {error && <FieldError>{error}</FieldError>}
      </div>
    </form>
  );
}
