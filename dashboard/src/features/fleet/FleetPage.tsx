import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { agentsQuery } from "@/api/agents";
import type { Me } from "@/api/types";
import { buttonClass } from "@/components/ui/Button";
import { ErrorNotice, Skeleton } from "@/components/ui/Notice";
import { money } from "@/lib/format";
import { PageTitle } from "@/live/PageTitle";
import { AgentTable } from "./AgentTable";
import { FirstAgent } from "./FirstAgent";
import { type Fleet, toFleet } from "./fleet";
import { WaitingInbox } from "./WaitingInbox";

function Lead({ fleet }: { fleet: Fleet }) {
  return (
    <p className="num text-dim">
      <strong className="text-ink">{fleet.waiting.length}</strong> waiting for you,{" "}
      <strong className="text-ink">{fleet.running}</strong> running,{" "}
      <strong className="text-ink">
        {fleet.spentUnknown && "at least "}
        {money(fleet.spent)}
      </strong>{" "}
      spent
    </p>
  );
}

function Body({ me }: { me: Me }) {
  const { data, error, refetch } = useQuery(agentsQuery);
  const fleet = useMemo(() => (data ? toFleet(data) : null), [data]);
  if (!fleet && error) {
    return (
      <ErrorNotice title="The fleet could not be loaded." onRetry={() => void refetch()}>
        {error.message}
      </ErrorNotice>
    );
  }
  if (!fleet) return <Skeleton label="Loading the fleet" rows={8} />;
  if (fleet.live.length + fleet.ended.length === 0) return <FirstAgent me={me} />;
  return (
    <div className="flex flex-col gap-8">
      <Lead fleet={fleet} />
      {fleet.waiting.length > 0 && <WaitingInbox agents={fleet.waiting} me={me} />}
      {fleet.live.length > 0 && <AgentTable title="Live" trees={fleet.live} />}
      {fleet.ended.length > 0 && <AgentTable title="Ended" trees={fleet.ended} limit={20} />}
    </div>
  );
}

/** `children` are dialogs over the page. */
export function FleetPage({ me, children }: { me: Me; children?: ReactNode }) {
  return (
    <div className="mx-auto max-w-6xl px-4 py-5 md:px-8 md:py-7">
      <PageTitle>Fleet</PageTitle>
      <div className="mb-1 flex items-center gap-4">
        <h1 className="text-xl font-semibold tracking-tight">Fleet</h1>
        {me.role !== "viewer" && (
          <Link to="/" search={{ new: true }} className={`${buttonClass("primary")} tap ml-auto`}>
            <Plus size={16} aria-hidden /> Start agent
          </Link>
        )}
      </div>
      <Body me={me} />
      {children}
    </div>
  );
}
