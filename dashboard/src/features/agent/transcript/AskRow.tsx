import type { Answered, AskClosed, AskUser } from "@/api/types";
import { StatusMark } from "@/components/ui/StatusMark";
import { Markdown } from "../content/Markdown";

const CLOSED: Record<string, string> = {
  answered: "Answered",
  interrupted: "Not answered: the turn was interrupted",
  expired: "Not answered in time",
  ended: "Not answered: the agent ended",
};

function answerText(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(", ") : String(value ?? "");
}

interface Props {
  ask: AskUser;
  answered: Answered | null;
  closed: AskClosed | null;
}

/** A question in the transcript. Where it can still be answered is one place only: the dock. */
export function AskRow({ ask, answered, closed }: Props) {
  const open = !answered && !closed;
  const answers = answered?.answers ?? {};
  if (open && !ask.plan) {
    return (
      <p className="flex min-w-0 items-center gap-2 py-1">
        <StatusMark look="waiting" />
        <span className="min-w-0 truncate text-dim">{ask.questions?.[0]?.question}</span>
      </p>
    );
  }
  return (
    <div
      className={`rounded-md border border-line border-l-3 bg-panel px-3 py-2 ${open ? "border-l-waiting" : "border-l-line-strong"}`}
    >
      {ask.plan && <Markdown text={ask.plan} />}
      <dl className="flex flex-col gap-2">
        {ask.questions?.map(({ question }) => (
          <div key={question}>
            <dt className="text-ask wrap-anywhere">{question}</dt>
            {question in answers && (
              <dd className="mt-0.5 font-medium wrap-anywhere text-accent">
                {answerText(answers[question])}
              </dd>
            )}
          </div>
        ))}
      </dl>
      <p className="mt-1 text-xs text-dim">
        {open ? (
          <StatusMark look="waiting" />
        ) : answered?.by ? (
          `Answered by ${answered.by}`
        ) : (
          CLOSED[closed?.reason ?? "answered"]
        )}
      </p>
    </div>
  );
}
