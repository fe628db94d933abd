"""What holds for every HTTP answer: a request id, security headers, a body limit, one log line.

A failure nobody foresaw is answered here, so that its answer has all of that too.

Must not look into bodies; the query string is never logged (it may hold a token).
"""

import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autosclaw.manager.web.errors import UNEXPECTED
from autosclaw.protocol import ids, limits

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_REQUEST_ID = "X-Request-Id"
_TOO_LARGE = f"The body is larger than {limits.BODY_BYTES} bytes."
log = structlog.get_logger()


class Envelope:
    """ASGI middleware; requests under `exempt` bound their bodies themselves."""

    def __init__(self, app: ASGIApp, exempt: tuple[str, ...] = ()) -> None:
        self._app = app
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = ids.new_id()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers[_REQUEST_ID] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._bounded(scope, receive, answer)
        except Exception as error:
            log.error("request_failed", exc_info=error)
            if status:
                raise
            await JSONResponse({"error": UNEXPECTED}, 500)(scope, receive, answer)
        finally:
            log.debug(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(self._exempt) and self._exempt:
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdigit() and int(told) > limits.BODY_BYTES:
            await JSONResponse({"error": _TOO_LARGE}, 413)(scope, receive, send)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message: dict[str, Any] = dict(await receive())
            taken += len(message.get("body", b""))
            if taken > limits.BODY_BYTES:
                raise HTTPException(413, _TOO_LARGE)  # the only kind that the routes let through
            return message

        await self._app(scope, bounded, send)
