import { createRouter } from "@tanstack/react-router";
import type { Me } from "@/api/types";
import { agentRoute } from "@/routes/agent";
import { fleetRoute } from "@/routes/fleet";
import { rootRoute } from "@/routes/root";

export const router = createRouter({
  routeTree: rootRoute.addChildren([fleetRoute, agentRoute]),
  defaultPreload: "intent",
  scrollRestoration: false,
  // Replaced by App, which alone renders the router and only for somebody.
  context: { me: { username: "", role: "viewer" } satisfies Me },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
