"""The gateway's own answers: refusals in the provider's error format, and how an answer is sent.

Must not decide when to refuse. What the CLI makes of a status decides which one is used: 402 and
403 end the turn at once, 429 with a short retry-after and 5xx are tried again.
"""

import asyncio
from collections.abc import Iterable

import msgspec
from starlette.types import Send

from autosclaw.protocol import limits

Headers = list[tuple[bytes, bytes]]

NO_RETRY: Headers = [(b"x-should-retry", b"false")]
RETRY_SOON: Headers = [(b"retry-after", b"1")]


class ClientGone(Exception):
    """The client hung up or takes nothing any more; there is nobody to answer."""


class Refusal(Exception):
    """An answer of the gateway in place of the provider's: a sentence for a person."""

    def __init__(
        self, status: int, kind: str, message: str, headers: Headers | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.headers = headers or []


def stopped(message: str) -> Refusal:
    """The agent cannot go on until a person does something; the CLI shows the sentence."""
    return Refusal(402, "billing_error", message, NO_RETRY)


def unknown_token() -> Refusal:
    """Nobody we know is asking."""
    return Refusal(
        403, "permission_error", "The model gateway does not know this agent's token.", NO_RETRY
    )


def malformed(message: str) -> Refusal:
    """The request is not one of the Messages API."""
    return Refusal(400, "invalid_request_error", message, NO_RETRY)


def too_large(limit: int) -> Refusal:
    """The body is over the limit."""
    return Refusal(
        413, "request_too_large", f"The request is larger than {limit >> 20} MiB.", NO_RETRY
    )


def too_slow() -> Refusal:
    """The body did not arrive in time."""
    return Refusal(408, "timeout_error", "The request body did not arrive in time.")


def busy(message: str) -> Refusal:
    """A bound of the gateway is reached; a moment later there is room again."""
    return Refusal(429, "rate_limit_error", message, RETRY_SOON)


def bad_upstream(message: str) -> Refusal:
    """The provider is not there or does not answer as a provider should."""
    return Refusal(502, "api_error", message)


def error_body(kind: str, message: str) -> bytes:
    """The provider's error object."""
    return msgspec.json.encode(
        {"type": "error", "error": {"type": kind, "message": message}},
    )


async def send_refusal(send: Send, refusal: Refusal) -> None:
    """The whole answer. Raises ClientGone."""
    body = error_body(refusal.kind, refusal.message)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *refusal.headers,
    ]
    await send_start(send, refusal.status, headers)
    await send_end(send, body)


async def send_start(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Status and headers. Raises ClientGone."""
    await _bounded(
        send, {"type": "http.response.start", "status": status, "headers": list(headers)}
    )


async def send_chunk(send: Send, chunk: bytes) -> None:
    """A piece of the body; waits while the client's socket is full. Raises ClientGone."""
    await _bounded(send, {"type": "http.response.body", "body": chunk, "more_body": True})


async def send_end(send: Send, chunk: bytes = b"") -> None:
    """The last piece of the body. Raises ClientGone."""
    await _bounded(send, {"type": "http.response.body", "body": chunk, "more_body": False})


async def _bounded(send: Send, message: dict[str, object]) -> None:
    try:
        async with asyncio.timeout(limits.SEND_SECONDS):
            await send(message)
    except OSError as error:
        raise ClientGone from error
