import { Circle, CircleCheck, CircleDot } from "lucide-react";
import type { Todo } from "./plan";

const LOOKS = {
  completed: { Icon: CircleCheck, word: "Done", icon: "text-done", text: "text-dim" },
  in_progress: {
    Icon: CircleDot,
    word: "In progress",
    icon: "text-running",
    text: "font-medium",
  },
  pending: { Icon: Circle, word: "To do", icon: "text-line-strong", text: "" },
};

export function TodoList({ todos }: { todos: Todo[] }) {
  return (
    <ul className="flex flex-col gap-1">
      {todos.map(({ content, status }, at) => {
        const { Icon, word, icon, text } = LOOKS[status];
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a plan is replaced as a whole
          <li key={at} className="flex items-start gap-2">
            <Icon size={15} aria-hidden className={`mt-[3px] shrink-0 ${icon}`} />
            <span className="sr-only">{word}: </span>
            <span className={`min-w-0 wrap-anywhere ${text}`}>{content}</span>
          </li>
        );
      })}
    </ul>
  );
}
