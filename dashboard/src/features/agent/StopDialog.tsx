import { useState } from "react";
import type { Agent } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { FieldError } from "@/components/ui/Notice";
import { useConnection } from "@/live/LiveProvider";

/** Cancel has the focus: Enter by habit must not end anybody's work. */
export default function StopDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const connection = useConnection();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const stop = async () => {
    setBusy(true);
    setError(null);
    try {
      await connection.request({ type: "stop_agent", agentId: agent.id });
      onClose();
    } catch (reason) {
      setBusy(false);
      setError(reason instanceof Error ? reason.message : "The agent could not be stopped.");
    }
  };

  return (
    <Dialog title="Stop this agent?" onClose={onClose}>
      <p className="wrap-anywhere">
        <strong>{agent.name}</strong> ends what it is doing and its workspace is removed. What it
        said and did stays readable here.
      </p>
      {agent.processing && <p className="mt-2 text-dim">It is working right now.</p>}
      {error && (
        <div className="mt-3">
          <FieldError>{error}</FieldError>
        </div>
      )}
      <div className="mt-5 flex justify-end gap-2">
        <Button data-autofocus onClick={onClose}>
          Cancel
        </Button>
        <Button kind="danger" disabled={busy} onClick={stop}>
          {busy ? "Stopping…" : "Stop agent"}
        </Button>
      </div>
    </Dialog>
  );
}
