import { createRoute, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { FleetPage } from "@/features/fleet/FleetPage";
import { rootRoute } from "./root";

const StartAgentDialog = lazy(() => import("@/features/fleet/StartAgentDialog"));

interface Search {
  /** The dialog to start an agent stands over the page. */
  new?: true;
  task?: string;
}

function FleetRoute() {
  const { me } = rootRoute.useRouteContext();
  const search = fleetRoute.useSearch();
  const navigate = useNavigate();
  return (
    <FleetPage me={me}>
      {search.new && me.role !== "viewer" && (
        <Suspense>
          <StartAgentDialog
            task={search.task}
            onClose={() => void navigate({ to: "/", search: {} })}
          />
        </Suspense>
      )}
    </FleetPage>
  );
}

export const fleetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: (search): Search => ({
    ...(search.new ? { new: true } : {}),
    ...(typeof search.task === "string" ? { task: search.task } : {}),
  }),
  component: FleetRoute,
});
