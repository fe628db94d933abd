/** The REST door: same origin, cookie session, errors as one class. Must not cache. */
import type { paths } from "./schema";

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

type Method = "get" | "post";
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never;
}[keyof paths];
type Data<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: { 200: { content: { "application/json": infer T } } } }
    ? T
    : undefined;
type Body<P extends keyof paths> =
  Operation<P, "post"> extends { requestBody: { content: { "application/json": infer T } } }
    ? T
    : undefined;
type Params<P extends keyof paths> =
  Operation<P, "get"> extends { parameters: infer T }
    ? Pick<T, keyof T & ("path" | "query")>
    : never;

function sentence(status: number, body: unknown): string {
  if (typeof body === "object" && body !== null && "error" in body) {
    if (typeof body.error === "string" && body.error) return body.error;
  }
  if (status === 429) return "Too many attempts. Wait a little and try again.";
  if (status === 403) return "You may not do this.";
  if (status === 404) return "There is nothing at this address.";
  return `The server answered with error ${status}.`;
}

async function call(address: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address, { credentials: "same-origin", ...init });
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
  // Proxies answer errors in whatever form they like.
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new ApiError(response.status, sentence(response.status, body));
  return body;
}

function fill(path: string, values: Record<string, unknown>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
}

function query(values: Record<string, unknown>): string {
  const given = Object.entries(values).filter(([, value]) => value != null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** Throws `ApiError`. */
export async function get<P extends PathsWith<"get">>(
  path: P,
  params?: Params<P>,
): Promise<Data<P, "get">> {
  const { path: inPath = {}, query: inQuery = {} }: { path?: object; query?: object } =
    params ?? {};
  const address = fill(path, { ...inPath }) + query({ ...inQuery });
  return (await call(address, { method: "GET" })) as Data<P, "get">;
}

/** Throws `ApiError`. */
export async function post<P extends PathsWith<"post">>(
  path: P,
  body: Body<P>,
): Promise<Data<P, "post">> {
  // A foreign page cannot set this header, so the server can tell our requests from forged ones.
  const headers: Record<string, string> = { "X-Requested-With": "autosclaw" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const init = { method: "POST", headers, body: body === undefined ? null : JSON.stringify(body) };
  return (await call(path, init)) as Data<P, "post">;
}
