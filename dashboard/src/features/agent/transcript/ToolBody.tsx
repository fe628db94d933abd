import type { ToolResult, ToolUse } from "@/api/types";
import { Code } from "../content/Code";
import { CopyButton } from "../content/CopyButton";
import { Diff } from "../content/Diff";
import { Terminal } from "../content/Terminal";
import { changeOf } from "./change";
import { todosOf } from "./plan";
import { TodoList } from "./TodoList";
import { fieldsOf, languageOf, shortName, shortPath, textOf } from "./tools";

/** What `Read` puts before every line. */
const LINE_NUMBERS = /^\s*\d+[→\t]/gm;

function Command({ command }: { command: string }) {
  return (
    <div className="flex items-start border-t border-line bg-sunk pr-1">
      <pre className="code wrapped min-w-0 flex-1">
        <span aria-hidden className="text-dim select-none">
          ${" "}
        </span>
        {command}
      </pre>
      <div className="pt-1">
        <CopyButton text={command} />
      </div>
    </div>
  );
}

/** The whole path, where the line above had no room for it. */
function Path({ path }: { path: string }) {
  if (shortPath(path) === path) return null;
  return (
    <p className="border-t border-line bg-sunk px-3 py-1 font-mono text-xs wrap-anywhere text-dim">
      {path}
    </p>
  );
}

function Result({ result, name }: { result: ToolResult | null; name: string }) {
  if (!result) return null;
  return (
    <div className="border-t border-line">
      {result.content ? (
        <Terminal text={result.content} label={`Output of ${name}`} />
      ) : (
        <p className="px-3 py-1.5 text-xs text-dim">No output</p>
      )}
      {result.clipped && <p className="px-3 pb-1.5 text-xs text-dim">The rest was left out.</p>}
    </div>
  );
}

function Arguments({ use }: { use: ToolUse }) {
  const fields = fieldsOf(use.input);
  if (Object.keys(fields).length === 0) return null;
  return (
    <div className="border-t border-line bg-sunk">
      <Code bare code={JSON.stringify(fields, null, 2)} language="json" max={20} />
    </div>
  );
}

/** The whole of a tool call: what went in, what came out. */
export default function ToolBody({ use, result }: { use: ToolUse; result: ToolResult | null }) {
  const name = shortName(use.name ?? "");
  const input = fieldsOf(use.input);
  const path = textOf(input, "file_path");
  const failed = result?.ok === false;
  const change = failed ? null : changeOf(use, result);

  if (name === "Bash") {
    return (
      <>
        <Command command={textOf(input, "command")} />
        <Result result={result} name={name} />
      </>
    );
  }
  if (name === "TodoWrite") {
    return (
      <div className="border-t border-line px-3 py-2">
        <TodoList todos={todosOf(use)} />
      </div>
    );
  }
  if (change) {
    return (
      <>
        <Path path={path} />
        <div className="border-t border-line">
          <Diff hunks={change} path={path} />
        </div>
      </>
    );
  }
  if (name === "Write" && !failed) {
    return (
      <>
        <Path path={path} />
        <div className="border-t border-line">
          <Code bare code={textOf(input, "content").trimEnd()} language={languageOf(path)} />
        </div>
      </>
    );
  }
  if (name === "Read" && result && !failed) {
    const code = (result.content ?? "").replace(LINE_NUMBERS, "").trimEnd();
    return (
      <>
        <Path path={path} />
        <div className="border-t border-line">
          <Code bare code={code} language={languageOf(path)} />
        </div>
      </>
    );
  }
  return (
    <>
      <Arguments use={use} />
      <Result result={result} name={name} />
    </>
  );
}
