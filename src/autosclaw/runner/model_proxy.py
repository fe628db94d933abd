"""The model's address inside the container: adds the agent's token and forwards to the manager.

Must not hold a provider's key, nor understand what passes through.

The CLI proves itself with a key made at each boot. Tools it runs can read that key, so it is
worth no more than what the manager allows this agent.
"""

import hmac
import secrets
from collections.abc import Mapping

import aiohttp
from aiohttp import web

from autosclaw.protocol import limits

# Seconds of silence of the manager's; a model may think for minutes before its first byte.
_READ_SECONDS = 900.0
_CONNECT_SECONDS = 15.0
_REQUEST_HEADERS = ("content-type", "accept", "user-agent", "x-app")
_REQUEST_PREFIXES = ("anthropic-", "x-claude-code-", "x-stainless-")
_RESPONSE_HEADERS = (
    "content-type",
    "content-encoding",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
)
_RESPONSE_PREFIXES = ("anthropic-",)


class ModelProxy:
    """Listens on a free loopback port between `start` and `close`."""

    def __init__(self, manager_url: str, agent_token: str) -> None:
        self._upstream = manager_url.rstrip("/")
        self._authorization = f"Bearer {agent_token}"
        self.key = "sk-agent-" + secrets.token_urlsafe(24)
        self._http: aiohttp.ClientSession | None = None
        app = web.Application(client_max_size=limits.GATEWAY_BODY_BYTES)
        app.router.add_post("/v1/messages", self._forward)
        app.router.add_post("/v1/messages/count_tokens", self._forward)
        app.router.add_get("/", self._root)
        # Cancelled handlers are how a client that hung up ends its request at the manager.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1
        )

    async def start(self) -> str:
        """Begin to listen; returns the base URL."""
        timeout = aiohttp.ClientTimeout(
            total=None, connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS
        )
        self._http = aiohttp.ClientSession(
            timeout=timeout,
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening and drop what is in flight."""
        await self._runner.cleanup()
        if self._http is not None:
            await self._http.close()

    async def _root(self, request: web.Request) -> web.Response:
        """The CLI asks whether anybody is there."""
        return web.Response()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        if not self._knows_key(request):
            return _refusal(403, "permission_error", "this model is for the agent's CLI only")
        if self._http is None:
            raise web.HTTPServiceUnavailable
        body = await request.read()
        headers = _kept(request.headers, _REQUEST_HEADERS, _REQUEST_PREFIXES)
        headers["Authorization"] = self._authorization
        target = self._upstream + request.path_qs
        try:
            upstream = await self._http.post(
                target, data=body, headers=headers, allow_redirects=False
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            return _refusal(
                502, "api_error", f"the manager does not answer ({type(error).__name__})"
            )
        async with upstream:
            return await _stream(request, upstream)

    def _knows_key(self, request: web.Request) -> bool:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = request.headers.get("X-Api-Key") or bearer
        return hmac.compare_digest(given.encode(), self.key.encode())


async def _stream(request: web.Request, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    """Pass the answer on piece by piece. When it breaks off, so does ours: the CLI must see a
    cut connection, not a short answer."""
    answer = web.StreamResponse(
        status=upstream.status,
        headers=_kept(upstream.headers, _RESPONSE_HEADERS, _RESPONSE_PREFIXES),
    )
    await answer.prepare(request)
    try:
        async for piece in upstream.content.iter_any():
            await answer.write(piece)
    except (aiohttp.ClientError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
        return answer
    await answer.write_eof()
    return answer


def _kept(
    headers: Mapping[str, str], names: tuple[str, ...], prefixes: tuple[str, ...]
) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if name.lower() in names or name.lower().startswith(prefixes)
    }


def _refusal(status: int, kind: str, message: str) -> web.Response:
    """An error in the provider's form. Only a 502 is worth another try."""
    again = {} if status == 502 else {"x-should-retry": "false"}
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return web.json_response(body, status=status, headers=again)
