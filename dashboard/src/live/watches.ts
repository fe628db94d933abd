/** Which agents this page follows, and how far behind each one is. */
import type { AgentFrame } from "@/api/types";

export interface Watcher {
  /**
   * Called for every new connection; returns the number of the last event the watcher holds.
   * With `epochChanged` the server may have lost what was not committed: drop it first.
   */
  resume(epochChanged: boolean): number;
  receive(frame: AgentFrame): void;
}

interface Watch {
  watcher: Watcher;
  reached: number;
  /** Number of the newest event at the time of watching; null until the server said it. */
  goal: number | null;
}

export class Watches {
  private byAgent = new Map<string, Watch>();

  add(agentId: string, watcher: Watcher): void {
    this.byAgent.set(agentId, { watcher, reached: 0, goal: null });
  }

  /** Returns false when somebody else follows the agent by now. */
  remove(agentId: string, watcher: Watcher): boolean {
    if (this.byAgent.get(agentId)?.watcher !== watcher) return false;
    return this.byAgent.delete(agentId);
  }

  agents(): string[] {
    return [...this.byAgent.keys()];
  }

  /** Where to go on from. */
  resume(agentId: string, epochChanged: boolean): number {
    const watch = this.byAgent.get(agentId);
    if (!watch) return 0;
    watch.goal = null;
    watch.reached = watch.watcher.resume(epochChanged);
    return watch.reached;
  }

  deliver(frame: AgentFrame): void {
    const watch = this.byAgent.get(frame.agentId);
    if (!watch) return;
    if (frame.type === "watching") watch.goal = frame.last;
    if (frame.type === "events") watch.reached = frame.first + frame.events.length - 1;
    watch.watcher.receive(frame);
  }

  /** Events still to come before every watched transcript is up to date. */
  behind(): number {
    let sum = 0;
    for (const { goal, reached } of this.byAgent.values()) {
      if (goal !== null) sum += Math.max(0, goal - reached);
    }
    return sum;
  }
}
