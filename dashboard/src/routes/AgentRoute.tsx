import { getRouteApi } from "@tanstack/react-router";
import { AgentPage } from "@/features/agent/AgentPage";
import { rootRoute } from "./root";

const route = getRouteApi("/agents/$id");

export function AgentRoute() {
  const { id } = route.useParams();
  const { me } = rootRoute.useRouteContext();
  return <AgentPage key={id} id={id} me={me} />;
}
