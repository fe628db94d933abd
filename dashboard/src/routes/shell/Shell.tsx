import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Me } from "@/api/types";
import { useShortcut } from "@/lib/useShortcut";
import { Banners } from "./Banners";
import { Sidebar } from "./Sidebar";

/** After a move to another page, reading starts at its heading. */
function useFocusOnMove(main: React.RefObject<HTMLElement | null>): void {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const previous = useRef(path);
  useEffect(() => {
    if (previous.current === path) return;
    previous.current = path;
    main.current?.focus();
  }, [path, main]);
}

export function Shell({ me }: { me: Me }) {
  const main = useRef<HTMLElement>(null);
  const navigate = useNavigate();
  useFocusOnMove(main);
  useShortcut("n", () => {
    if (me.role !== "viewer") void navigate({ to: "/", search: { new: true } });
  });
  useShortcut("g", () => void navigate({ to: "/" }));
  return (
    <div className="grid h-dvh grid-rows-[auto_minmax(0,1fr)] md:grid-cols-[216px_minmax(0,1fr)] md:grid-rows-1">
      <a
        href="#main"
        className="absolute -left-full z-30 rounded-md border border-line bg-panel px-3 py-2 focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <Sidebar me={me} />
      <div className="flex min-h-0 min-w-0 flex-col">
        <Banners />
        <main
          id="main"
          ref={main}
          tabIndex={-1}
          className="relative min-h-0 flex-1 overflow-y-auto outline-none"
        >
          <Outlet />
        </main>
      </div>
    </div>
  );
}
