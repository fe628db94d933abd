/** What the page offers to whom. The server decides; this only spares people a refusal. */
import type { Agent, Me } from "@/api/types";

export interface May {
  manage: boolean;
  /** Why not, for the tooltip of what is disabled. */
  reason: string | null;
}

export function mayManage(me: Me, agent: Agent): May {
  if (me.role === "viewer") return { manage: false, reason: "Viewers can only read." };
  if (me.role === "admin" || !agent.createdBy || agent.createdBy === me.username) {
    return { manage: true, reason: null };
  }
  return { manage: false, reason: "Only the owner or an admin can do this." };
}
