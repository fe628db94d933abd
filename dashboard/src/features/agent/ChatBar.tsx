import { SendHorizontal } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { isStopping, isWaiting } from "@/api/status";
import type { Agent } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { FieldError } from "@/components/ui/Notice";
import { keepDraft, readDraft } from "@/lib/drafts";
import { useIntent } from "@/lib/intent";
import { useConnection } from "@/live/LiveProvider";
import type { May } from "./rights";

const MAX_CHARS = 50_000;

function placeholder(agent: Agent, may: May): string {
  if (may.reason) return may.reason;
  if (isStopping(agent)) return "It is stopping.";
  if (isWaiting(agent)) return "It reads this after your answer.";
  if (agent.processing) return "It reads this after its current step.";
  return "Tell it what to do next.";
}

export function ChatBar({ agent, may }: { agent: Agent; may: May }) {
  const connection = useConnection();
  const [text, setText] = useState(() => readDraft(agent.id));
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const intent = useIntent();
  const closed = !may.manage || isStopping(agent);

  const change = (value: string) => {
    setText(value);
    setError(null);
    keepDraft(agent.id, value);
  };

  const send = async (event?: FormEvent) => {
    event?.preventDefault();
    const message = text.trim();
    if (!message || sending || closed) return;
    setSending(true);
    setError(null);
    try {
      const key = intent.keyFor(message);
      await connection.request({ type: "chat", agentId: agent.id, message, key });
      intent.done();
      change("");
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : "The message could not be sent.");
    } finally {
      setSending(false);
    }
  };

  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };

  return (
    <form
      onSubmit={send}
      className="border-t border-line bg-bg px-4 pt-2.5 pb-[max(10px,env(safe-area-inset-bottom))] md:px-5"
    >
      <div className="mx-auto flex max-w-[904px] items-end gap-2">
        <textarea
          rows={1}
          aria-label="Message to this agent"
          aria-describedby="chat-keys"
          placeholder={placeholder(agent, may)}
          maxLength={MAX_CHARS}
          value={text}
          disabled={closed}
          // While a message is under way it may not change: it would be lost or sent twice.
          readOnly={sending}
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKey}
          className="field-sizing-content max-h-[35dvh] min-h-9 min-w-0 flex-1 resize-none rounded-md border border-line-strong bg-panel px-3 py-1.5 text-read disabled:bg-sunk max-md:min-h-11 max-md:py-2.5 max-md:text-[16px]"
        />
        <p id="chat-keys" className="sr-only">
          Enter sends, Shift and Enter begin a new line.
        </p>
        <Button
          type="submit"
          kind="primary"
          disabled={!text.trim() || sending || closed}
          className="min-h-9"
        >
          <SendHorizontal size={15} aria-hidden />
          <span className="max-md:sr-only">{sending ? "Sending…" : "Send"}</span>
        </Button>
      </div>
      {error && (
        <div className="mx-auto mt-1.5 max-w-[904px]">
          <FieldError>{error} Your text is kept.</FieldError>
        </div>
      )}
    </form>
  );
}
