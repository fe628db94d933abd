import { useQuery } from "@tanstack/react-query";
import { agentsQuery } from "@/api/agents";
import { isWaiting } from "@/api/status";

/** The tab's title; a number before it says how many questions wait. */
export function PageTitle({ children }: { children: string }) {
  const { data: agents } = useQuery(agentsQuery);
  const waiting = agents?.filter(isWaiting).length ?? 0;
  return <title>{`${waiting > 0 ? `(${waiting}) ` : ""}${children} · autosclaw`}</title>;
}
