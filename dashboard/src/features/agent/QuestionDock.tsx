import type { Agent } from "@/api/types";
import { QuestionForm } from "@/components/ui/QuestionForm";
import { StatusMark } from "@/components/ui/StatusMark";
import { between, span } from "@/lib/format";
import { useNow } from "@/lib/useNow";
import { useConnection } from "@/live/LiveProvider";
import type { May } from "./rights";

/** The one place where an open question is answered: beside the transcript, or above the chat bar. */
export function QuestionDock({ agent, may }: { agent: Agent; may: May }) {
  const connection = useConnection();
  const now = useNow(10_000);
  const { question } = agent;
  if (!question) return null;
  const waited = between(question.askedAt, now);
  return (
    <section
      aria-labelledby="question"
      className="max-h-[60dvh] overflow-y-auto border-t-3 border-waiting bg-panel px-4 pt-2.5 pb-4 max-lg:max-h-[46dvh] lg:col-start-2 lg:row-start-1 lg:border-l lg:border-l-line"
    >
      <h2 id="question" className="mb-2 flex items-center gap-2 text-sm font-semibold">
        <StatusMark look="waiting" iconOnly /> Needs an answer
        {waited !== null && (
          <span className="num ml-auto text-xs font-normal text-dim">waiting {span(waited)}</span>
        )}
      </h2>
      <QuestionForm
        questions={question.questions}
        disabledReason={may.reason}
        onAnswer={(answers) =>
          connection.request({
            type: "ask_user_response",
            agentId: agent.id,
            questionId: question.id,
            answers,
          })
        }
      />
    </section>
  );
}
