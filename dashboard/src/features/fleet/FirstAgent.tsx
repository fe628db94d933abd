import { Link } from "@tanstack/react-router";
import type { Me } from "@/api/types";

const EXAMPLES = [
  "Write a small command-line to-do list in Python, with tests, and run them.",
  "Read the README of a repository I name and list what a newcomer would stumble over.",
  "Ask me three questions about a project and write its outline from my answers.",
];

/** The empty fleet: what to do next. */
export function FirstAgent({ me }: { me: Me }) {
  if (me.role === "viewer") {
    return (
      <p className="mt-6 text-dim">No agents yet. They appear here when somebody starts one.</p>
    );
  }
  return (
    <section className="mt-8 max-w-2xl">
      <h2 className="text-ask font-semibold">No agents yet</h2>
      <p className="mt-1 text-dim">
        An agent works on a task by itself, in a workspace of its own, and asks you when it must.
        Start with one of these, or with a task of your own.
      </p>
      <ul className="mt-4 flex flex-col gap-2">
        {EXAMPLES.map((task) => (
          <li key={task}>
            <Link
              to="/"
              search={{ new: true, task }}
              className="tap block rounded-lg border border-line bg-panel px-4 py-2.5 hover:border-line-strong"
            >
              {task}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
