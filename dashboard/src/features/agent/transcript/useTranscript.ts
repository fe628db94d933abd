import { useEffect, useMemo } from "react";
import { fetchEvents } from "@/api/agents";
import { useConnection } from "@/live/LiveProvider";
import { TranscriptStore } from "./store";

/** The transcript of an agent for as long as the page shows it. */
export function useTranscript(agentId: string): TranscriptStore {
  const connection = useConnection();
  const store = useMemo(
    () =>
      new TranscriptStore({
        page: (request) => fetchEvents(agentId, request),
        watch: (watcher) => connection.watch(agentId, watcher),
      }),
    [agentId, connection],
  );
  useEffect(() => {
    void store.start();
    return () => store.stop();
  }, [store]);
  return store;
}
