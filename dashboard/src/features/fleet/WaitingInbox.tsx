import { Link } from "@tanstack/react-router";
import type { Agent, Me } from "@/api/types";
import { QuestionForm } from "@/components/ui/QuestionForm";
import { StatusMark } from "@/components/ui/StatusMark";
import { between, span } from "@/lib/format";
import { useNow } from "@/lib/useNow";
import { useConnection } from "@/live/LiveProvider";

function Waiting({ agent, me }: { agent: Agent; me: Me }) {
  const connection = useConnection();
  const now = useNow(10_000);
  const { question } = agent;
  if (!question) return null;
  const waited = between(question.askedAt, now);
  return (
    <li className="flex flex-col gap-2.5 rounded-lg border border-line border-t-3 border-t-waiting bg-panel px-4 pt-2.5 pb-4">
      <div className="flex items-center gap-2">
        <StatusMark look="waiting" iconOnly />
        <Link
          to="/agents/$id"
          params={{ id: agent.id }}
          className="min-w-0 truncate font-semibold text-accent hover:underline"
        >
          {agent.name}
        </Link>
        {waited !== null && (
          <span className="num ml-auto text-xs whitespace-nowrap text-dim">
            waiting {span(waited)}
          </span>
        )}
      </div>
      <QuestionForm
        questions={question.questions}
        disabledReason={me.role === "viewer" ? "Viewers cannot answer." : null}
        onAnswer={(answers) =>
          connection.request({
            type: "ask_user_response",
            agentId: agent.id,
            questionId: question.id,
            answers,
          })
        }
      />
    </li>
  );
}

/** Questions first, on every device: nothing else on this page stands still without a person. */
export function WaitingInbox({ agents, me }: { agents: Agent[]; me: Me }) {
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting" className="mb-2 font-semibold">
        Waiting for you
      </h2>
      <ul className="grid grid-cols-1 items-start gap-3 md:grid-cols-[repeat(auto-fill,minmax(340px,1fr))]">
        {agents.map((agent) => (
          <Waiting key={agent.question?.id ?? agent.id} agent={agent} me={me} />
        ))}
      </ul>
    </section>
  );
}
