import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "./root";

export const agentRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/agents/$id",
  component: lazyRouteComponent(() => import("./AgentRoute"), "AgentRoute"),
});
