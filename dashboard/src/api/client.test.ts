import { afterEach, expect, it, vi } from "vitest";
import { ApiError, get, post } from "./client";

const answers = (status: number, body: unknown) => {
  const fetch = vi.fn(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", fetch);
  return fetch;
};

afterEach(() => vi.unstubAllGlobals());

it("fills paths and leaves out what is not given", async () => {
  const fetch = answers(200, {});
  await get("/api/agents/{agent_id}/events", {
    path: { agent_id: "a/b" },
    query: { before: 7, limit: 10 },
  });
  expect(fetch).toHaveBeenCalledWith(
    "/api/agents/a%2Fb/events?before=7&limit=10",
    expect.objectContaining({ credentials: "same-origin", method: "GET" }),
  );
});

it("marks what changes something as its own", async () => {
  const fetch = answers(204, null);
  await post("/auth/logout", undefined).catch(() => undefined);
  expect(fetch).toHaveBeenCalledWith(
    "/auth/logout",
    expect.objectContaining({ headers: { "X-Requested-With": "autosclaw" } }),
  );
});

it("passes on the server's own sentence", async () => {
  answers(409, { error: "linus answered first." });
  await expect(get("/api/agents")).rejects.toEqual(new ApiError(409, "linus answered first."));
});

it("tells a lost network from a refusal", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("failed");
  });
  await expect(get("/auth/me")).rejects.toMatchObject({ status: 0, unreachable: true });
});
