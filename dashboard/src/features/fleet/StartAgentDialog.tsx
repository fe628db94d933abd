import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Select, TextArea, TextField } from "@/components/ui/Field";
import { FieldError } from "@/components/ui/Notice";
import { useIntent } from "@/lib/intent";
import { useConnection, useServer } from "@/live/LiveProvider";

const MODELS = ["claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"];

/** Idle seconds before an agent finishes by itself; "" = it stays until it is stopped. */
const KEEP_ALIVE = [
  { seconds: "", words: "Until I stop it" },
  { seconds: "0", words: "Only for this task" },
  { seconds: "900", words: "15 minutes after its last work" },
  { seconds: "3600", words: "1 hour after its last work" },
  { seconds: "86400", words: "1 day after its last work" },
];

interface Props {
  task?: string;
  onClose: () => void;
}

export default function StartAgentDialog({ task: firstTask = "", onClose }: Props) {
  const connection = useConnection();
  const server = useServer();
  const navigate = useNavigate();
  const [task, setTask] = useState(firstTask);
  const [name, setName] = useState("");
  const [model, setModel] = useState("");
  const [keepAlive, setKeepAlive] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const intent = useIntent();
  const defaultModel = server?.defaultModel ?? MODELS[0];

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const wanted = {
        name: name.trim(),
        systemPrompt: task.trim(),
        model: model || null,
        keepAliveSeconds: keepAlive === "" ? null : Number(keepAlive),
      };
      const key = intent.keyFor(JSON.stringify(wanted));
      const started = await connection.request({ type: "start_agent", ...wanted, key });
      if (started.agentId) await navigate({ to: "/agents/$id", params: { id: started.agentId } });
      else onClose();
    } catch (reason) {
      setBusy(false);
      setError(reason instanceof Error ? reason.message : "The agent could not be started.");
    }
  };

  return (
    <Dialog title="Start an agent" onClose={onClose} width="wide">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextArea
          label="Task"
          hint="What it should do, as you would tell a colleague. Empty: it waits for you to write."
          data-autofocus
          rows={5}
          maxLength={100_000}
          value={task}
          onChange={(event) => setTask(event.target.value)}
        />
        <TextField
          label="Name"
          hint="How it stands in the fleet. Empty: Untitled Agent."
          maxLength={255}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="grid gap-4 md:grid-cols-2">
          <Select label="Model" value={model} onChange={(event) => setModel(event.target.value)}>
            <option value="">{defaultModel} (default)</option>
            {MODELS.filter((each) => each !== defaultModel).map((each) => (
              <option key={each}>{each}</option>
            ))}
          </Select>
          <Select
            label="Keep alive"
            value={keepAlive}
            onChange={(event) => setKeepAlive(event.target.value)}
          >
            {KEEP_ALIVE.map(({ seconds, words }) => (
              <option key={words} value={seconds}>
                {words}
              </option>
            ))}
          </Select>
        </div>
        {error && <FieldError>{error}</FieldError>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={busy}>
            {busy ? "Starting…" : "Start agent"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
