import {
  Bot,
  Check,
  FilePen,
  FileText,
  Globe,
  ListTodo,
  LoaderCircle,
  Search,
  SquareTerminal,
  Wrench,
  X,
} from "lucide-react";
import { lazy, Suspense } from "react";
import type { ToolResult, ToolUse } from "@/api/types";
import { duration } from "@/lib/format";
import { Disclosure } from "./Disclosure";
import { outcomeOf, shortName, subjectOf } from "./tools";

const ToolBody = lazy(() => import("./ToolBody"));

const ICONS: Record<string, typeof Bot> = {
  Agent: Bot,
  Bash: SquareTerminal,
  Edit: FilePen,
  Glob: Search,
  Grep: Search,
  MultiEdit: FilePen,
  NotebookEdit: FilePen,
  Read: FileText,
  Task: Bot,
  TaskCreate: ListTodo,
  TaskUpdate: ListTodo,
  TodoWrite: ListTodo,
  WebFetch: Globe,
  WebSearch: Globe,
  Write: FilePen,
  spawn_agent: Bot,
};

function Outcome({
  use,
  result,
  over,
}: {
  use: ToolUse;
  result: ToolResult | null;
  over: boolean;
}) {
  if (!result && over) return <span className="shrink-0 text-xs text-dim">no result</span>;
  if (!result) {
    return (
      <span className="inline-flex shrink-0 items-center gap-1 text-xs text-running">
        <LoaderCircle size={13} aria-hidden className="spin" /> running
      </span>
    );
  }
  const bad = result.ok === false;
  const words = outcomeOf(use, result);
  return (
    <span className="num inline-flex shrink-0 items-center gap-1.5 text-xs">
      <span className={bad ? "text-failed" : "text-dim"}>{words}</span>
      {bad ? (
        <X size={14} aria-hidden className="text-failed" />
      ) : (
        <Check size={14} aria-hidden className="text-done" />
      )}
      <span className="sr-only">{bad ? "failed" : "succeeded"}</span>
    </span>
  );
}

interface Props {
  use: ToolUse;
  result: ToolResult | null;
  expanded: boolean;
  /** The agent has ended: a call without a result will never get one. */
  over: boolean;
}

/** One line says the outcome; failures open by themselves. */
export function ToolRow({ use, result, expanded, over }: Props) {
  const name = shortName(use.name ?? "");
  const Icon = ICONS[name] ?? Wrench;
  const failed = result?.ok === false;
  return (
    <Disclosure
      openFirst={expanded || failed}
      tone={failed ? "failed" : "plain"}
      head={() => (
        <>
          <Icon size={15} aria-hidden className="shrink-0 text-dim" />
          <span className="shrink-0 font-semibold">{name}</span>
          <span className="min-w-0 flex-1 truncate font-mono text-xs text-dim">
            {subjectOf(use)}
          </span>
          <Outcome use={use} result={result} over={over} />
          <span className="num min-w-12 shrink-0 text-right text-xs text-dim max-md:hidden">
            {result?.durationMs != null && duration(result.durationMs)}
          </span>
        </>
      )}
    >
      {() => (
        <Suspense>
          <ToolBody use={use} result={result} />
        </Suspense>
      )}
    </Disclosure>
  );
}
