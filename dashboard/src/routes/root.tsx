import { createRootRouteWithContext, Link } from "@tanstack/react-router";
import type { Me } from "@/api/types";
import { ErrorNotice } from "@/components/ui/Notice";
import { Shell } from "./shell/Shell";

function Root() {
  const { me } = rootRoute.useRouteContext();
  return <Shell me={me} />;
}

export const rootRoute = createRootRouteWithContext<{ me: Me }>()({
  component: Root,
  notFoundComponent: () => (
    <div className="px-4 py-5 md:px-8 md:py-7">
      <h1 className="text-xl font-semibold tracking-tight">Not found</h1>
      <p className="mt-1 text-dim">
        There is nothing at this address.{" "}
        <Link to="/" className="text-accent underline">
          Back to the fleet
        </Link>
      </p>
    </div>
  ),
  errorComponent: ({ error, reset }) => (
    <div className="px-4 py-5 md:px-8 md:py-7">
      <ErrorNotice title="This page failed." onRetry={reset}>
        {error instanceof Error ? error.message : String(error)}
      </ErrorNotice>
    </div>
  ),
});
