import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "@/api/client";
import { ME_KEY } from "@/api/session";
import { restoreTheme } from "@/lib/theme";
import { App } from "./App";
import "./styles/index.css";

restoreTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal will be one again; a lost connection may be back.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.unreachable,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
queries.getQueryCache().subscribe(({ type, query }) => {
  if (type !== "updated" || query.queryKey[0] === ME_KEY[0]) return;
  const { error } = query.state;
  if (error instanceof ApiError && error.status === 401) {
    void queries.invalidateQueries({ queryKey: ME_KEY });
  }
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
