"""The model gateway: takes an agent's request to the provider and streams the answer back.

Must not hold an answer back, build an address from what a client sends, or let the provider's
credential into an answer or a log.
"""

import asyncio
import io
from collections.abc import Coroutine
from dataclasses import dataclass

import aiohttp
import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from autosclaw.manager.domain.usage import PriceTable
from autosclaw.manager.gateway import answers, intake
from autosclaw.manager.gateway.meter import Meter
from autosclaw.manager.gateway.ports import Caller, GatewayPorts
from autosclaw.manager.gateway.tap import tap_for
from autosclaw.manager.gateway.upstream import COUNT_TOKENS, MESSAGES, Upstream, headers_down
from autosclaw.protocol import limits
from autosclaw.protocol.errors import Code, DomainError

log = structlog.get_logger(__name__)

_LIMITS = {
    MESSAGES: limits.GATEWAY_REQUESTS_PER_AGENT,
    COUNT_TOKENS: limits.GATEWAY_COUNTS_PER_AGENT,
}
_NOT_REACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)


class _UpstreamBroke(Exception):
    """The answer stopped in the middle: the client's connection is to end as abruptly."""


@dataclass(frozen=True, slots=True)
class _Request:
    """An admitted request on its way."""

    path: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes
    meter: Meter


class Gateway:
    """One pool of connections to one provider, shared by all agents. Close it with `aclose`."""

    def __init__(self, upstream: Upstream, prices: PriceTable) -> None:
        self._upstream = upstream
        self._prices = prices
        self._room = intake.Room()
        self._session: aiohttp.ClientSession | None = None
        self._recording: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Waits for rows that are being recorded, then closes the pool. Safe to call twice."""
        if self._recording:
            await asyncio.wait(self._recording, timeout=limits.WRITE_SECONDS)
        if self._session:
            await self._session.close()

    async def serve(
        self, ports: GatewayPorts, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one ASGI request for `path`, MESSAGES or COUNT_TOKENS.

        Returns without completing the answer when the client is gone or the provider broke off
        in the middle; the server then drops the connection, which makes the CLI try again.
        """
        try:
            await self._serve(ports, path, scope, receive, send)
        except answers.Refusal as refusal:
            await self._refuse(send, refusal)
        except DomainError as error:
            await self._refuse(send, _as_refusal(error))
        except (answers.ClientGone, _UpstreamBroke):
            return

    async def _refuse(self, send: Send, refusal: answers.Refusal) -> None:
        try:
            await answers.send_refusal(send, refusal)
        except answers.ClientGone:
            return

    async def _serve(
        self, ports: GatewayPorts, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = Headers(scope=scope)
        token = intake.token_of(headers)
        caller = await ports.authenticate(token) if token else None
        if caller is None:
            raise answers.unknown_token()
        slot = self._room.slot(caller.agent_id, path, _LIMITS[path])
        with slot, self._room.hold() as hold:
            body = await intake.read_body(receive, headers, hold)
            model = intake.model_of(body)
            if path == MESSAGES and (sentence := await ports.admit(caller, model)) is not None:
                raise answers.stopped(sentence)
            query: bytes = scope.get("query_string", b"")
            request = _Request(
                path,
                self._upstream.url(path, query.decode("latin-1")),
                self._upstream.headers_up(headers),
                body,
                Meter(caller.agent_id, model, headers),
            )
            try:
                last = await _unless_gone(receive, self._exchange(request, send))
            finally:
                # Also when the client hung up or the server stops: what was spent is recorded.
                if path == MESSAGES:
                    await self._record(ports, caller, request.meter)
            await answers.send_end(send, last)

    async def _exchange(self, request: _Request, send: Send) -> bytes:
        """Send it up and the answer down, all but the piece it returns, which ends the answer."""
        response = await self._post(request)
        meter = request.meter
        try:
            meter.answered(response.status)
            if response.status >= 300:
                meter.refused()
                return await self._pass_error(response, send)
            meter.reads(tap_for(response.headers.get("content-type", "")))
            await answers.send_start(send, response.status, headers_down(response.headers.items()))
            await _stream(response, meter, send)
            return b""
        finally:
            # Does nothing to a connection whose answer was read to its end: the pool has it.
            response.close()

    async def _post(self, request: _Request) -> aiohttp.ClientResponse:
        try:
            return await self._pool().post(
                request.url,
                data=io.BytesIO(request.body),
                headers=request.headers,
                allow_redirects=False,
            )
        except _NOT_REACHED as error:
            request.meter.refused()
            raise _unreachable(error) from None
        except _BROKEN as error:
            raise _unreachable(error) from None

    async def _pass_error(self, response: aiohttp.ClientResponse, send: Send) -> bytes:
        status = response.status
        if status in (401, 403):
            log.warning(
                "provider refused the manager's credential",
                status=status,
                provider_request=response.headers.get("request-id"),
            )
            raise answers.stopped(
                f"The model provider refused the manager's own credential (status {status}). "
                "An administrator has to replace or renew it."
            )
        if status < 400:
            raise answers.bad_upstream(
                f"The model provider answered with status {status}, which no provider should: "
                "the manager's ANTHROPIC_BASE_URL may be wrong."
            )
        try:
            body = await _read_error(response)
        except _BROKEN as error:
            raise _unreachable(error) from None
        await answers.send_start(send, status, headers_down(response.headers.items()))
        return self._upstream.redact(body)

    async def _record(self, ports: GatewayPorts, caller: Caller, meter: Meter) -> None:
        row = meter.row(self._prices)

        async def record() -> None:
            try:
                await ports.record(caller, row)
            except DomainError as error:
                log.error("usage row was not stored", reason=error.message, row=row)

        task = asyncio.create_task(record())
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)
        await asyncio.shield(task)

    def _pool(self) -> aiohttp.ClientSession:
        """Made on first use: a session belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=limits.GATEWAY_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept"),
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=limits.GATEWAY_CONNECT_SECONDS,
                    sock_read=limits.GATEWAY_READ_SECONDS,
                ),
            )
        return self._session


async def _stream(response: aiohttp.ClientResponse, meter: Meter, send: Send) -> None:
    chunks = response.content.iter_any()
    while True:
        try:
            chunk = await anext(chunks, None)
        except _BROKEN as error:
            raise _UpstreamBroke from error
        if chunk is None:
            return
        meter.feed(chunk)
        await answers.send_chunk(send, chunk)


async def _read_error(response: aiohttp.ClientResponse) -> bytes:
    """The body. Raises Refusal in its place when it is no error object but a whole page."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limits.GATEWAY_ERROR_BYTES:
            status = response.status
            raise answers.Refusal(
                status, "api_error", f"The model provider answered with status {status}."
            )
    return bytes(body)


def _unreachable(error: BaseException) -> answers.Refusal:
    """Only the error's kind is told: its text holds addresses."""
    return answers.bad_upstream(
        f"The manager could not get an answer from the model provider ({type(error).__name__})."
    )


def _as_refusal(error: DomainError) -> answers.Refusal:
    if error.code is Code.UNAVAILABLE:
        return answers.Refusal(503, "api_error", error.message)
    return answers.stopped(error.message)


async def _unless_gone(receive: Receive, work: Coroutine[None, None, bytes]) -> bytes:
    """The result of `work`, which is cancelled when the client hangs up: then ClientGone."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_hang_up(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
    finally:
        watching.cancel()
        working.cancel()
        await asyncio.wait((working, watching))
    if working.cancelled():
        raise answers.ClientGone
    return working.result()


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
