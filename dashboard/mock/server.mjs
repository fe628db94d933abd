/**
 * A stand-in for the manager, for work on the page and for measuring it: speaks the REST calls and
 * frames the page uses, on loopback. Sign in as admin / rehearsal.
 *
 *   PORT=4000  FLEET=eight|empty  PAST=100000 (length of the long transcript)  STATIC=dist
 *
 * POST /mock/burst?agent=&rate=&seconds=   rains events
 * POST /mock/deltas?agent=&rate=&seconds=  rains text
 * POST /mock/drop                          cuts every socket
 * POST /mock/epoch                         pretends a restart
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { eightAgents, makeAgent } from "./fleet.mjs";
import { historyEvent } from "./history.mjs";
import { askEvent, failedEnd, opening, play } from "./script.mjs";
import { Transcript } from "./transcripts.mjs";

const PORT = Number(process.env.PORT ?? 4000);
const STATIC = process.env.STATIC;
const FRAME_EVENTS = 1000;
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const agents = new Map();
const transcripts = new Map();
const pages = new Set();
let epoch = 1;

function addAgent(agent, transcript = new Transcript()) {
  agents.set(agent.id, agent);
  transcripts.set(agent.id, transcript);
}

function build() {
  if (process.env.FLEET === "empty") return;
  for (const agent of eightAgents()) addAgent(agent);
  addAgent(
    makeAgent("long", "Long transcript", "stopped", { exitReason: "Stopped by admin." }),
    new Transcript(Number(process.env.PAST ?? 100_000)),
  );
  for (const id of ["payments", "tests", "auth", "bumper", "reviewer", "migrator", "triager"]) {
    transcripts.get(id).push(...opening());
  }
  transcripts.get("auth").push(...failedEnd);
  for (const id of ["bumper", "triager"])
    transcripts.get(id).push(askEvent(agents.get(id).question));
}

const send = (page, frame) => page.socket.send(JSON.stringify(frame));
const broadcast = (frame) => {
  for (const page of pages) send(page, frame);
};

function change(agentId, fields) {
  const agent = agents.get(agentId);
  Object.assign(agent, fields);
  broadcast({ type: "agents_changed", changed: [agent], removed: [] });
}

function sendEvents(page, agentId, first, last) {
  const transcript = transcripts.get(agentId);
  for (let at = first; at <= last; at += FRAME_EVENTS) {
    const events = transcript.slice(at, Math.min(last, at + FRAME_EVENTS - 1));
    send(page, { type: "events", agentId, first: at, committed: transcript.last, events });
  }
}

function emit(agentId, ...events) {
  const transcript = transcripts.get(agentId);
  const first = transcript.push(...events);
  for (const page of pages) {
    if (page.watched.has(agentId)) sendEvents(page, agentId, first, transcript.last);
  }
}

function emitDeltas(agentId, deltas) {
  for (const page of pages) {
    if (page.watched.has(agentId)) send(page, { type: "deltas", agentId, deltas });
  }
}

const plays = new Map();

/** The scripted agent works only while somebody looks. */
function keepPlaying(agentId) {
  const agent = agents.get(agentId);
  if (plays.has(agentId) || !agent?.processing || agentId === "long") return;
  const stop = new AbortController();
  plays.set(agentId, stop);
  void play({
    emit: (event) => emit(agentId, event),
    delta: (delta) => emitDeltas(agentId, [delta]),
    signal: stop.signal,
  });
}

function halt(agentId) {
  plays.get(agentId)?.abort();
  plays.delete(agentId);
}

const HANDLERS = {
  watch(page, { agentId, after, tail }) {
    const transcript = transcripts.get(agentId);
    if (!transcript) throw new Error("There is no such agent.");
    const { last } = transcript;
    const first = Math.min(last, after ?? Math.max(0, last - (tail ?? 200))) + 1;
    page.watched.add(agentId);
    send(page, { type: "watching", agentId, first, last, committed: last });
    sendEvents(page, agentId, first, last);
    keepPlaying(agentId);
  },
  unwatch(page, { agentId }) {
    page.watched.delete(agentId);
    if (![...pages].some((each) => each.watched.has(agentId))) halt(agentId);
  },
  start_agent(_page, { name, systemPrompt }) {
    const id = `a${agents.size + 1}`;
    const now = new Date().toISOString();
    addAgent(
      makeAgent(id, name || "Untitled Agent", "running", { createdAt: now, startedAt: now }),
    );
    change(id, {});
    emit(id, { type: "state_changed", state: "starting" });
    if (systemPrompt) say(id, systemPrompt);
    return { agentId: id };
  },
  stop_agent(_page, { agentId }) {
    halt(agentId);
    change(agentId, { state: "stopping", status: "stopping" });
    setTimeout(() => {
      const endedAt = new Date().toISOString();
      emit(agentId, { type: "state_changed", state: "stopped", by: "admin" });
      const exitReason = "Stopped by admin.";
      change(agentId, {
        state: "stopped",
        status: "stopped",
        processing: false,
        endedAt,
        exitReason,
      });
    }, 800);
  },
  interrupt_agent(_page, { agentId }) {
    halt(agentId);
    emit(agentId, {
      type: "output",
      msgType: "result_error",
      content: "Interrupted by admin.",
      turn: { reason: "aborted_streaming" },
    });
    change(agentId, { processing: false });
  },
  chat(_page, { agentId, message }) {
    say(agentId, message);
    change(agentId, { processing: true });
    keepPlaying(agentId);
  },
  ask_user_response(_page, { agentId, questionId, answers }) {
    if (agents.get(agentId)?.question?.id !== questionId) {
      throw new Error("Somebody else answered this question first.");
    }
    emit(agentId, { type: "answered", id: questionId, answers, by: "admin" });
    emit(agentId, { type: "ask_closed", id: questionId, reason: "answered" });
    change(agentId, {
      question: undefined,
      state: "running",
      processing: true,
      waitingForAskUser: false,
    });
    keepPlaying(agentId);
  },
};

let inputs = 1;
function say(agentId, content) {
  inputs += 1;
  const input = inputs;
  emit(agentId, { type: "output", msgType: "user_input", content, by: "admin", input });
  setTimeout(() => emit(agentId, { type: "chat_seen", input }), 700);
}

function receive(page, text) {
  const frame = JSON.parse(text);
  try {
    const more = HANDLERS[frame.type](page, frame);
    if (frame.requestId) send(page, { type: "ok", requestId: frame.requestId, ...more });
  } catch (error) {
    send(page, { type: "error", requestId: frame.requestId, message: error.message });
  }
}

function welcome(page) {
  const server = {
    version: "0.0.0",
    runtime: "docker",
    isolated: process.env.ISOLATED !== "no",
    rehearsal: process.env.REHEARSAL !== "no",
    defaultModel: "claude-opus-4-6",
  };
  const user = { username: "admin", role: "admin" };
  send(page, { type: "welcome", protocol: 1, epoch: String(epoch), user, server });
  send(page, { type: "agent_list", agents: [...agents.values()] });
}

/** Calls `step` so that it is given `rate` × `seconds` units, spread over time. */
async function rain({ rate, seconds }, step) {
  const start = Date.now();
  let given = 0;
  while (given < rate * seconds) {
    const due = Math.min(rate * seconds, Math.floor(((Date.now() - start) / 1000) * rate));
    if (due > given) step(given, due - given);
    given = Math.max(given, due);
    await new Promise((resolve) => setTimeout(resolve, 16));
  }
}

const CONTROLS = {
  burst: (query) =>
    rain(query, (_given, count) => {
      const { last } = transcripts.get(query.agent);
      emit(query.agent, ...Array.from({ length: count }, (_, i) => historyEvent(last + 1 + i)));
    }),
  deltas: (query) =>
    rain(query, (given, count) => {
      const text = (i) => ((given + i) % 12 === 11 ? "\n\n" : "token ");
      const messageId = `rain${Math.floor(given / 2000)}`;
      emitDeltas(
        query.agent,
        Array.from({ length: count }, (_, i) => ({
          messageId,
          block: 0,
          kind: "text",
          text: text(i),
        })),
      );
    }),
  drop: () => {
    for (const page of pages) page.socket.terminate();
  },
  epoch: () => {
    epoch += 1;
    CONTROLS.drop();
  },
};

const signedIn = (request) => /(^|; )session=1/.test(request.headers.cookie ?? "");

function json(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function readJson(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || "{}");
}

const number = (value) => (value === null ? undefined : Number(value));

async function auth(path, request, response) {
  if (path === "/auth/login") {
    const { username, password } = await readJson(request);
    if (username !== "admin" || password !== "rehearsal") {
      return json(response, 401, { error: "Wrong name or password." });
    }
    const cookie = "session=1; HttpOnly; SameSite=Strict; Path=/";
    return json(response, 200, { token: "-", username, role: "admin" }, { "set-cookie": cookie });
  }
  if (path === "/auth/logout") {
    return json(response, 204, undefined, { "set-cookie": "session=; Max-Age=0; Path=/" });
  }
  if (!signedIn(request)) return json(response, 401, { error: "Sign in first." });
  return json(response, 200, { username: "admin", role: "admin" });
}

function api(url, request, response) {
  if (url.pathname === "/api/health") return json(response, 200, { status: "ok" });
  if (!signedIn(request)) return json(response, 401, { error: "Sign in first." });
  if (url.pathname === "/api/agents") return json(response, 200, { agents: [...agents.values()] });
  const [, id, events] = /^\/api\/agents\/([^/]+)(\/events)?$/.exec(url.pathname) ?? [];
  const agent = agents.get(id);
  if (!agent) return json(response, 404, { error: "There is no such agent." });
  if (!events) return json(response, 200, agent);
  const page = {
    before: number(url.searchParams.get("before")),
    after: number(url.searchParams.get("after")),
    limit: number(url.searchParams.get("limit")) ?? 200,
  };
  return json(response, 200, transcripts.get(id).page(id, page));
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

async function file(path, response) {
  const name = extname(path) ? normalize(path) : "/index.html";
  try {
    const body = await readFile(join(STATIC, name));
    response.writeHead(200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "content-security-policy": CSP,
    });
    response.end(body);
  } catch {
    json(response, 404, { error: "Not found." });
  }
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  const { pathname } = url;
  if (pathname.startsWith("/auth/")) return auth(pathname, request, response);
  if (pathname.startsWith("/api/")) return api(url, request, response);
  if (pathname.startsWith("/mock/")) {
    const query = Object.fromEntries(url.searchParams);
    await CONTROLS[pathname.slice(6)]({
      ...query,
      rate: Number(query.rate),
      seconds: Number(query.seconds),
    });
    return json(response, 204);
  }
  if (STATIC) return file(pathname, response);
  return json(response, 404, { error: "Not found." });
});

const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (!signedIn(request)) {
    socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    return;
  }
  sockets.handleUpgrade(request, socket, head, (opened) => {
    const page = { socket: opened, watched: new Set() };
    pages.add(page);
    opened.on("message", (data) => receive(page, data.toString()));
    opened.on("close", () => {
      pages.delete(page);
      for (const agentId of page.watched) HANDLERS.unwatch(page, { agentId });
    });
    welcome(page);
  });
});

build();
server.listen(PORT, "127.0.0.1", () => console.log(`Mock manager on http://127.0.0.1:${PORT}`));
