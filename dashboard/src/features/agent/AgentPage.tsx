import { useState } from "react";
import { useAgent } from "@/api/agents";
import { ApiError } from "@/api/client";
import { isEnded, isWaiting, lookOf } from "@/api/status";
import type { Agent, Me } from "@/api/types";
import { ErrorNotice, Skeleton } from "@/components/ui/Notice";
import { MARKS } from "@/components/ui/StatusMark";
import { PageTitle } from "@/live/PageTitle";
import { AgentHeader } from "./AgentHeader";
import { Announcer } from "./Announcer";
import { ChatBar } from "./ChatBar";
import { EndedBar } from "./EndedBar";
import { QuestionDock } from "./QuestionDock";
import { mayManage } from "./rights";
import { SidePanel } from "./SidePanel";
import { Transcript } from "./transcript/Transcript";
import { useTranscript } from "./transcript/useTranscript";

function Missing({ error, retry }: { error: Error; retry: () => void }) {
  const gone = error instanceof ApiError && error.status === 404;
  return (
    <div className="mx-auto max-w-3xl px-4 py-7">
      <h1 className="mb-3 text-xl font-semibold tracking-tight">Agent</h1>
      <ErrorNotice
        title={gone ? "There is no such agent." : "The agent could not be loaded."}
        onRetry={gone ? undefined : retry}
      >
        {gone ? "It may have been removed for good." : error.message}
      </ErrorNotice>
    </div>
  );
}

function Loaded({ agent, me }: { agent: Agent; me: Me }) {
  const store = useTranscript(agent.id);
  const [expanded, setExpanded] = useState(false);
  const over = isEnded(agent);
  const may = mayManage(me, agent);
  return (
    <div className="flex h-full flex-col">
      <PageTitle>{`${agent.name} · ${MARKS[lookOf(agent)].word}`}</PageTitle>
      <Announcer agent={agent} />
      <AgentHeader
        agent={agent}
        store={store}
        may={may}
        expanded={expanded}
        onExpand={setExpanded}
      />
      <div className="grid min-h-0 flex-1 grid-rows-[minmax(0,1fr)_auto_auto] lg:grid-cols-[minmax(0,1fr)_304px] lg:grid-rows-[auto_minmax(0,1fr)_auto]">
        <div className="flex min-h-0 min-w-0 flex-col lg:row-span-2 lg:row-start-1">
          <Transcript store={store} expanded={expanded} over={over} />
        </div>
        {isWaiting(agent) && <QuestionDock key={agent.question?.id} agent={agent} may={may} />}
        <SidePanel agent={agent} store={store} />
        <div className="lg:col-start-1 lg:row-start-3">
          {over ? <EndedBar agent={agent} /> : <ChatBar agent={agent} may={may} />}
        </div>
      </div>
    </div>
  );
}

export function AgentPage({ id, me }: { id: string; me: Me }) {
  const { agent, error, retry } = useAgent(id);
  if (agent) return <Loaded agent={agent} me={me} />;
  if (error) return <Missing error={error} retry={retry} />;
  return (
    <div className="mx-auto max-w-3xl px-4 py-7">
      <Skeleton label="Loading the agent" rows={8} />
    </div>
  );
}
