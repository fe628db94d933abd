import { RouterProvider } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useMe } from "@/api/session";
import { ErrorNotice } from "@/components/ui/Notice";
import { LiveProvider } from "@/live/LiveProvider";
import { router } from "./router";

const SignIn = lazy(() => import("@/features/auth/SignIn"));

/** Who are you? Until that is known nothing else is asked of the server. */
export function App() {
  const { data: me, error, refetch } = useMe();
  if (me) {
    return (
      <LiveProvider>
        <RouterProvider router={router} context={{ me }} />
      </LiveProvider>
    );
  }
  if (me === null) {
    return (
      <Suspense>
        <SignIn />
      </Suspense>
    );
  }
  if (!error) return null;
  return (
    <main className="mx-auto max-w-xl px-5 py-[20vh]">
      <h1 className="sr-only">autosclaw</h1>
      <ErrorNotice title="The server cannot be reached." onRetry={() => void refetch()}>
        You are still signed in. This page tries again by itself.
      </ErrorNotice>
    </main>
  );
}
