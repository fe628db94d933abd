/** Who is signed in. The credential itself is a cookie this code can never read. */
import { type UseQueryResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, post } from "./client";
import type { Me } from "./types";

export const ME_KEY = ["me"] as const;

/** Null means: nobody. A network error throws instead, and never signs anybody out. */
async function fetchMe(): Promise<Me | null> {
  try {
    return await get("/auth/me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export function useMe(): UseQueryResult<Me | null> {
  return useQuery({
    queryKey: ME_KEY,
    queryFn: fetchMe,
    staleTime: 60_000,
    // While the server is away, ask again now and then instead of giving up.
    refetchInterval: (query) => (query.state.status === "error" ? 3_000 : false),
  });
}

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: { username: string; password: string }) => {
      // The response repeats the token for other clients; here only the cookie counts.
      await post("/auth/login", body);
    },
    onSuccess: () => queries.refetchQueries({ queryKey: ME_KEY }),
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => post("/auth/logout", undefined),
    onSuccess: () => {
      queries.setQueryData(ME_KEY, null);
      // The next person at this screen may not see what this one could.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME_KEY[0] });
    },
  });
}
