import { CirclePause, Square } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { isEnded, isStopping } from "@/api/status";
import type { Agent } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { FieldError } from "@/components/ui/Notice";
import { useConnection } from "@/live/LiveProvider";
import type { May } from "./rights";

const StopDialog = lazy(() => import("./StopDialog"));

/** Interrupt ends the running turn and keeps the agent; stop ends the agent. */
export function AgentActions({ agent, may }: { agent: Agent; may: May }) {
  const connection = useConnection();
  const [asking, setAsking] = useState(false);
  const [interrupting, setInterrupting] = useState(false);
  const [error, setError] = useState<string | null>(null);
  if (isEnded(agent)) return null;

  const interrupt = async () => {
    setInterrupting(true);
    setError(null);
    try {
      await connection.request({ type: "interrupt_agent", agentId: agent.id });
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : "It could not be interrupted.");
    } finally {
      setInterrupting(false);
    }
  };

  return (
    <>
      {error && <FieldError>{error}</FieldError>}
      {agent.processing && !isStopping(agent) && (
        <Button
          disabled={!may.manage || interrupting}
          title={may.reason ?? "End the running turn; the agent stays and listens"}
          onClick={interrupt}
        >
          <CirclePause size={15} aria-hidden />
          <span className="max-md:sr-only">Interrupt</span>
        </Button>
      )}
      <Button
        disabled={!may.manage || isStopping(agent)}
        title={may.reason ?? "End this agent"}
        onClick={() => setAsking(true)}
      >
        <Square size={14} aria-hidden />
        <span className="max-md:sr-only">{isStopping(agent) ? "Stopping" : "Stop"}</span>
      </Button>
      {asking && (
        <Suspense>
          <StopDialog agent={agent} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  );
}
