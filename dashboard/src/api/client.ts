/** The REST door: same origin, cookie session, errors as one class. Must not cache. */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";

const SAFE_METHODS = new Set(["GET", "HEAD"]);

/** An answer the server refused (`status` ≥ 400) or never gave (`status` 0). */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

const markOwnRequests: Middleware = {
  onRequest({ request }) {
    // A foreign page cannot set this header, so the server can tell our requests from forged ones.
    if (!SAFE_METHODS.has(request.method)) request.headers.set("X-Requested-With", "autosclaw");
    return request;
  },
};

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  fetch: (request) => window.fetch(request),
});
api.use(markOwnRequests);

function sentence(status: number, body: unknown): string {
  if (typeof body === "object" && body !== null && "error" in body) {
    if (typeof body.error === "string" && body.error) return body.error;
  }
  if (status === 429) return "Too many attempts. Wait a little and try again.";
  if (status === 403) return "You may not do this.";
  if (status === 404) return "There is nothing at this address.";
  return `The server answered with error ${status}.`;
}

/** Awaits a call and returns its data. Throws `ApiError`. */
export async function unwrap<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  let result: Awaited<typeof call>;
  try {
    result = await call;
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
  const { data, error, response } = result;
  if (!response.ok) throw new ApiError(response.status, sentence(response.status, error));
  return data as T;
}
