"""Taking a request in: its token, its bounded body, the model it names, and room for it.

Must not talk to the provider.
"""

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive

from autosclaw.manager.gateway import answers
from autosclaw.protocol import limits

MODEL_CHARS = 100


class _Body(msgspec.Struct):
    model: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=MODEL_CHARS, pattern=r"^[A-Za-z0-9._:/@\[\]-]+\Z"),
    ]


_decoder = msgspec.json.Decoder(_Body)


class Room:
    """How many requests an agent has in the gateway, and how many bytes of them are held."""

    def __init__(self, held_bytes: int = limits.GATEWAY_HELD_BYTES) -> None:
        self._held_bytes = held_bytes
        self._held = 0
        self._running: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def slot(self, agent_id: str, kind: str, limit: int) -> Generator[None]:
        """One of the `limit` places an agent has for requests of this kind. Raises Refusal."""
        key = (agent_id, kind)
        if self._running[key] >= limit:
            raise answers.busy(f"This agent has {limit} requests running already.")
        self._running[key] += 1
        try:
            yield
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]

    @contextmanager
    def hold(self) -> Generator["Hold"]:
        """An account for the bytes of one request; they are given back at the end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            self._held -= hold.held

    def take(self, count: int) -> None:
        """Raises Refusal when all requests together would hold too much."""
        if self._held + count > self._held_bytes:
            raise answers.busy("The model gateway has too many large requests in hand.")
        self._held += count


class Hold:
    """The bytes of one request."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.held = 0

    def add(self, count: int) -> None:
        """Raises Refusal over the request's or everybody's limit."""
        if self.held + count > limits.GATEWAY_BODY_BYTES:
            raise answers.too_large(limits.GATEWAY_BODY_BYTES)
        self._room.take(count)
        self.held += count


def token_of(headers: Headers) -> str:
    """The agent's token: a bearer, or the API key header; empty when there is neither."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential.strip():
        return credential.strip()
    return headers.get("x-api-key", "")


async def read_body(receive: Receive, headers: Headers, hold: Hold) -> bytes:
    """The whole body. Raises Refusal when it is too large or too slow, ClientGone."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limits.GATEWAY_BODY_BYTES:
        raise answers.too_large(limits.GATEWAY_BODY_BYTES)
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(limits.GATEWAY_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise answers.ClientGone
                chunk: bytes = message.get("body", b"")
                hold.add(len(chunk))
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise answers.too_slow() from None


def model_of(body: bytes) -> str:
    """The model the request names. Raises Refusal for what is no Messages API request."""
    try:
        return _decoder.decode(body).model
    except msgspec.ValidationError:
        raise answers.malformed(
            f"model: a model's name of at most {MODEL_CHARS} characters is needed."
        ) from None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise answers.malformed("The request body is not JSON.") from None
