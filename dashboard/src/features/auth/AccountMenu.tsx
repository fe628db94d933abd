import { LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useSignOut } from "@/api/session";
import type { Me } from "@/api/types";
import { type Theme, useTheme } from "@/lib/theme";

const THEMES: { theme: Theme; word: string; Icon: typeof Sun }[] = [
  { theme: "system", word: "As the system", Icon: Monitor },
  { theme: "light", word: "Light", Icon: Sun },
  { theme: "dark", word: "Dark", Icon: Moon },
];

/** Who is signed in, how the page looks, and the way out. */
export function AccountMenu({ me }: { me: Me }) {
  const [theme, setTheme] = useTheme();
  const signOut = useSignOut();
  return (
    <div className="flex items-center gap-1 text-sm">
      <p className="min-w-0 flex-1 truncate px-2 leading-tight">
        {me.username}
        <span className="block text-2xs text-dim">{me.role}</span>
      </p>
      <fieldset className="flex">
        <legend className="sr-only">Colours</legend>
        {THEMES.map(({ theme: each, word, Icon }) => (
          <button
            key={each}
            type="button"
            aria-pressed={theme === each}
            title={word}
            onClick={() => setTheme(each)}
            className="tap-tight grid size-7 place-items-center rounded-md text-dim hover:bg-hover aria-pressed:bg-panel aria-pressed:text-ink aria-pressed:shadow-[inset_0_0_0_1px_var(--line)]"
          >
            <Icon size={14} aria-hidden />
            <span className="sr-only">{word}</span>
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        title="Sign out"
        disabled={signOut.isPending}
        onClick={() => signOut.mutate()}
        className="tap-tight grid size-7 place-items-center rounded-md text-dim hover:bg-hover"
      >
        <LogOut size={14} aria-hidden />
        <span className="sr-only">Sign out</span>
      </button>
    </div>
  );
}
