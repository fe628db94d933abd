"""Serves the rehearsal model over HTTP as the Messages API does, streamed or not.

It must not keep a conversation: all it remembers is how often a scripted failure was
used, and that in a bounded table. Nothing of a request is logged.
"""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from autosclaw.rehearsal.conversation import read
from autosclaw.rehearsal.limits import MAX_BODY_BYTES, MAX_FAILS_REMEMBERED, MAX_IN_FLIGHT
from autosclaw.rehearsal.scripts import Choice, choose
from autosclaw.rehearsal.steps import Fail
from autosclaw.rehearsal.stream import BYTES_PER_TOKEN, Answer, Event, Json, answer

SHUTDOWN_SECONDS = 1.0
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
ERROR_MESSAGES = {
    400: "Rehearsed: the request is invalid.",
    401: "Rehearsed: the key is invalid.",
    402: "Rehearsed: the budget is used up.",
    429: "Rehearsed: the rate limit is reached.",
    529: "Rehearsed: the model is overloaded.",
}


@dataclass(frozen=True)
class RunningServer:
    """A server that listens. ``aclose`` ends open answers; calling it twice is safe."""

    port: int
    url: str
    aclose: Callable[[], Awaitable[None]]


@dataclass
class Rehearsal:
    """One model: its key, its tempo and the failures it has used up."""

    expected_key: str | None
    tempo: float
    in_flight: int = 0
    used: OrderedDict[str, int] = field(default_factory=OrderedDict[str, int])

    def due_failure(self, choice: Choice) -> Fail | None:
        """The failure that comes now, counted as used; None when all are used up."""
        for number, fail in enumerate(choice.step.fail):
            key = f"{choice.key}:{number}"
            count = self.used.get(key, 0)
            if count >= fail.times:
                continue
            self.used[key] = count + 1
            self.used.move_to_end(key)
            if len(self.used) > MAX_FAILS_REMEMBERED:
                self.used.popitem(last=False)
            return fail
        return None

    def seconds(self, natural: float, choice: Choice) -> float:
        """A wait at this model's tempo; waits that a script asks for are never changed."""
        return natural if choice.origin == "script" else natural / self.tempo

    def admits(self, request: web.Request) -> bool:
        """Whether the request brings the expected key, in either header of the API."""
        if self.expected_key is None:
            return True
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = request.headers.get("x-api-key") or bearer
        return hmac.compare_digest(given.encode(), self.expected_key.encode())


REHEARSAL = web.AppKey("rehearsal", Rehearsal)


def create_app(expected_key: str | None = None, *, tempo: float = 1.0) -> web.Application:
    """The API as an application.

    ``expected_key``: refuse requests without it (401). ``tempo``: how much faster than
    natural the demo and plain answers come; ``math.inf`` is without waiting. Raises
    ``ValueError`` for a tempo that is not above 0.
    """
    if not tempo > 0:
        raise ValueError("tempo must be above 0")
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_guard])
    app[REHEARSAL] = Rehearsal(expected_key, tempo)
    app.router.add_post("/v1/messages", _messages)
    app.router.add_post("/v1/messages/count_tokens", _count_tokens)
    app.router.add_get("/", _hello)
    return app


async def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    expected_key: str | None = None,
    tempo: float = 1.0,
) -> RunningServer:
    """Listen in the running event loop; port 0 picks a free one.

    Raises ``OSError`` when the address cannot be bound, ``ValueError`` as `create_app`.
    """
    # A client that goes away ends its answer, so an interrupt costs nothing more.
    runner = web.AppRunner(
        create_app(expected_key, tempo=tempo),
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    bound: int = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return RunningServer(bound, f"http://{shown}:{bound}", runner.cleanup)


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    rehearsal = request.app[REHEARSAL]
    if request.path != "/" and not rehearsal.admits(request):
        return _error(401, "The rehearsal model does not know this key.")
    if rehearsal.in_flight >= MAX_IN_FLIGHT:
        return _error(529, f"More than {MAX_IN_FLIGHT} requests at once.")
    rehearsal.in_flight += 1
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _error(error.status, error.reason)
    finally:
        rehearsal.in_flight -= 1


async def _hello(_: web.Request) -> web.Response:
    return web.json_response({"model": "rehearsal"})


async def _count_tokens(request: web.Request) -> web.Response:
    return web.json_response({"input_tokens": len(await request.read()) // BYTES_PER_TOKEN})


async def _messages(http: web.Request) -> web.StreamResponse:
    try:
        request = read(await http.read())
    except ValueError as error:
        return _error(400, str(error))
    rehearsal = http.app[REHEARSAL]
    choice = choose(request)
    await asyncio.sleep(rehearsal.seconds(choice.step.delay, choice))
    fail = rehearsal.due_failure(choice)
    if fail is not None and (fail.mid is None or not request.stream):
        return _failed(http, fail)
    reply = answer(request, choice, _new_id)
    headers = {"request-id": _new_id("req_"), **choice.step.headers}
    if not request.stream:
        return web.json_response(reply.message(), headers=headers)
    headers |= {"content-type": "text/event-stream", "cache-control": "no-cache"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(http)
    try:
        await _write(http, response, reply, choice, fail)
    except ConnectionError:
        # The client is gone, or the script dropped it: nobody is left to tell.
        return response
    return response


async def _write(
    http: web.Request,
    response: web.StreamResponse,
    reply: Answer,
    choice: Choice,
    fail: Fail | None,
) -> None:
    """Write the events at their pace, measured from the start so that delays do not add up."""
    rehearsal, loop = http.app[REHEARSAL], asyncio.get_running_loop()
    due, deltas = loop.time(), 0
    for event in reply.events():
        if event.name == "content_block_delta":
            if fail is not None and deltas == fail.mid:
                await _fail_midway(http, response, fail)
                return
            deltas += 1
        if event.seconds:
            due += rehearsal.seconds(event.seconds, choice)
            await asyncio.sleep(max(0.0, due - loop.time()))
        await response.write(event.encode())
    await response.write_eof()


async def _fail_midway(http: web.Request, response: web.StreamResponse, fail: Fail) -> None:
    if fail.status == 0:
        _drop(http)
        return
    await response.write(Event("error", _fault(fail.status, fail.type, fail.message)).encode())
    await response.write_eof()


def _failed(http: web.Request, fail: Fail) -> web.Response:
    if fail.status == 0:
        _drop(http)
        return web.Response(status=500)
    body = fail.body or _fault(fail.status, fail.type, fail.message)
    return web.json_response(body, status=fail.status, headers=fail.headers)


def _drop(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()


def _error(status: int, message: str) -> web.Response:
    return web.json_response(_fault(status, None, message), status=status)


def _fault(status: int, kind: str | None, message: str | None) -> Json:
    kind = kind or ERROR_TYPES.get(status, "api_error")
    message = message or ERROR_MESSAGES.get(status, f"Rehearsed: failure {status}.")
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": _new_id("req_")}


def _new_id(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(12)}"
