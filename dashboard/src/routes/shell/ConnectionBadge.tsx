import { Button } from "@/components/ui/Button";
import { clock, count, span } from "@/lib/format";
import { useNow } from "@/lib/useNow";
import type { LinkState } from "@/live/connection";
import { useConnection, useLinkState } from "@/live/LiveProvider";

const DOT = "size-2 shrink-0 rounded-full";

function Dot({ state }: { state: LinkState["kind"] }) {
  if (state === "live") return <span aria-hidden className={`${DOT} bg-done`} />;
  if (state === "connecting" || state === "catching-up") {
    return <span aria-hidden className={`${DOT} border-2 border-running`} />;
  }
  return <span aria-hidden className={`${DOT} rounded-none border-2 border-waiting`} />;
}

function Words({ state }: { state: LinkState }) {
  const now = useNow();
  switch (state.kind) {
    case "live":
      return <>Live</>;
    case "connecting":
      return <>Connecting</>;
    case "catching-up":
      return <>Catching up{state.events > 0 && `, ${count(state.events)} events`}</>;
    case "reconnecting":
      return <>Reconnecting, last update {span(now - state.lostAt)} ago</>;
    case "offline":
      return <>Offline since {clock(new Date(state.lostAt).toISOString())}</>;
  }
}

/** How fresh the page is, honestly. */
export function ConnectionBadge() {
  const state = useLinkState();
  const connection = useConnection();
  const lost = state.kind === "reconnecting" || state.kind === "offline";
  return (
    <div className="flex items-center gap-2 text-xs text-dim">
      <Dot state={state.kind} />
      <span className="num min-w-0">
        <Words state={state} />
      </span>
      <span role="status" className="sr-only">
        {lost ? "Connection lost" : state.kind === "live" ? "Live" : ""}
      </span>
      {lost && (
        <Button className="tap-tight ml-auto !min-h-6 px-2 text-xs" onClick={connection.retryNow}>
          Retry
        </Button>
      )}
    </div>
  );
}
