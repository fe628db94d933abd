import { useState } from "react";
import type { Agent } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { type Branch, flatten } from "@/lib/forest";
import { count } from "@/lib/format";
import { AgentRow } from "./AgentRow";
import { treeCost } from "./fleet";

interface Props {
  title: string;
  trees: Branch<Agent>[];
  /** Trees shown before somebody asks for more. */
  limit?: number;
}

const HEAD = "border-b border-line px-2.5 py-1 text-xs font-medium whitespace-nowrap text-dim";

/** Agents under those that started them. */
export function AgentTable({ title, trees, limit = Number.POSITIVE_INFINITY }: Props) {
  const [shown, setShown] = useState(limit);
  const rows = trees.slice(0, shown).flatMap(flatten);
  const hidden = trees.length - shown;
  return (
    <section aria-labelledby={`agents-${title}`}>
      <h2 id={`agents-${title}`} className="mb-1 font-semibold">
        {title}
      </h2>
      <table className="w-full border-collapse text-left max-md:block md:table-fixed">
        <thead className="max-md:sr-only">
          <tr>
            <th scope="col" className={`${HEAD} w-[30%]`}>
              Agent
            </th>
            <th scope="col" className={`${HEAD} w-38`}>
              State
            </th>
            <th scope="col" className={HEAD}>
              {title === "Ended" ? "How it ended" : "Doing now"}
            </th>
            <th scope="col" className={`${HEAD} w-28 text-right`}>
              Spent
            </th>
            <th scope="col" className={`${HEAD} w-28 text-right`}>
              {title === "Ended" ? "Ran for" : "Age"}
            </th>
          </tr>
        </thead>
        <tbody className="max-md:block">
          {rows.map((branch) => (
            <AgentRow
              key={branch.value.id}
              agent={branch.value}
              depth={branch.depth}
              started={branch.children.length}
              total={treeCost(branch)}
            />
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <Button kind="quiet" className="mt-2" onClick={() => setShown(shown + 50)}>
          Show {count(Math.min(50, hidden))} of {count(hidden)} earlier
        </Button>
      )}
    </section>
  );
}
