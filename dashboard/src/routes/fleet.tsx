import { createRoute, useNavigate } from "@tanstack/react-router";
import { FleetPage } from "@/features/fleet/FleetPage";
import { StartAgentDialog } from "@/features/fleet/StartAgentDialog";
import { rootRoute } from "./root";

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
        <StartAgentDialog
          task={search.task}
          onClose={() => void navigate({ to: "/", search: {} })}
        />
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
