"""The Docker Engine API over HTTP: calls, streams and a container's standard input.

Speaks for itself instead of through a client library because the three things that matter here
are not public in any: reading an archive as a stream, closing an attached input only when the
engine took all of it, and a time limit on every call. Must not know what a box is.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp

from autosclaw.manager.runtimes.base import RuntimeRejected, RuntimeUnavailable
from autosclaw.manager.runtimes.docker_failures import EngineError

CONNECT_SECONDS = 5.0
CALL_SECONDS = 30.0
CONNECTIONS = 32
HEAD_BYTES = 16 << 10
ANSWER_BYTES = 16 << 20

DEFAULT_SOCKET = "/var/run/docker.sock"
# The API version this module was written for; engines that no longer know it get their oldest.
API_VERSION = (1, 41)

# ValueError: what answered speaks no HTTP or no JSON, so it is no engine.
_FAILURES = (
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    ValueError,
)


def engine_url(environ: Mapping[str, str]) -> str:
    """Where the engine listens: DOCKER_HOST, else the first usual socket that is there."""
    if environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"]
    folders = (environ.get("XDG_RUNTIME_DIR"), environ.get("HOME"))
    rootless = [f"{folders[0]}/docker.sock"] if folders[0] else []
    desktop = [f"{folders[1]}/.docker/run/docker.sock"] if folders[1] else []
    for candidate in (DEFAULT_SOCKET, *rootless, *desktop):
        if Path(candidate).is_socket():
            return f"unix://{candidate}"
    return f"unix://{DEFAULT_SOCKET}"


class Engine:
    """One engine's API. Failures: EngineError for its refusals, RuntimeUnavailable for silence."""

    def __init__(self, url: str) -> None:
        """Raises RuntimeRejected for an address this cannot speak to. Does not connect."""
        self.url = url
        parts = urlsplit(url)
        self._socket: str | None = None
        self._address: tuple[str, int] | None = None
        if parts.scheme == "unix":
            self._socket = parts.path
        elif parts.scheme in ("tcp", "http") and parts.hostname:
            self._address = (parts.hostname, parts.port or 2375)
        else:
            raise RuntimeRejected(
                f"DOCKER_HOST={url} is not supported: use unix:///path or tcp://host:port"
            )
        self._session: aiohttp.ClientSession | None = None
        self._version: str | None = None

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(
        self,
        action: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        seconds: float = CALL_SECONDS,
    ) -> Any:
        """The answer's JSON document, None for an empty one.

        action: what is being done, for messages ("create the container"). seconds: the limit of
        the whole call. Raises EngineError for 4xx and 5xx, RuntimeUnavailable otherwise.
        """
        async with self._request(action, method, path, params, body, seconds, None) as response:
            content = await _content(response)
            return json.loads(content) if content.strip() else None

    @asynccontextmanager
    async def stream(
        self,
        action: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        silence_seconds: float = CALL_SECONDS,
    ) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """The answer's body in chunks; a silence longer than `silence_seconds` ends it.

        Raises as `call`, at the beginning or while it is read.
        """
        async with self._request(
            action, "GET", path, params, None, None, silence_seconds
        ) as response:
            yield response.content.iter_any()

    @asynccontextmanager
    async def _request(
        self,
        action: str,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        total: float | None,
        sock_read: float | None,
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        try:
            prefix = await self._prefix()
            timeout = aiohttp.ClientTimeout(
                total=total, connect=CONNECT_SECONDS, sock_read=sock_read
            )
            async with self._http().request(
                method, f"{prefix}{path}", params=params, json=body, timeout=timeout
            ) as response:
                if response.status >= 400:
                    text = await _content(response)
                    raise EngineError(action, response.status, _message(text))
                yield response
        except _FAILURES as error:
            raise self.unavailable(action, error) from error

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = (
                aiohttp.UnixConnector(path=self._socket, limit=CONNECTIONS)
                if self._socket is not None
                else aiohttp.TCPConnector(limit=CONNECTIONS)
            )
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session

    async def _prefix(self) -> str:
        if self._address is not None:
            host = f"http://{self._address[0]}:{self._address[1]}"
        else:
            host = "http://docker"
        if self._version is None:
            timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, connect=CONNECT_SECONDS)
            async with self._http().get(f"{host}/version", timeout=timeout) as response:
                if response.status >= 400:
                    raise EngineError("tell its version", response.status, response.reason or "")
                about = json.loads(await _content(response))
            self._version = _spoken(str(about.get("MinAPIVersion", "")))
        return f"{host}/{self._version}"

    async def attach(self, container_id: str) -> "AttachedInput":
        """Attach standard input alone, before the container is started.

        Output is left alone on purpose: an attached output that nobody drains stops the agent.
        """
        action = "attach to the container"
        try:
            async with asyncio.timeout(CALL_SECONDS):
                prefix = urlsplit(await self._prefix()).path
                if self._socket is not None:
                    reader, writer = await asyncio.open_unix_connection(self._socket)
                else:
                    reader, writer = await asyncio.open_connection(*(self._address or ("", 0)))
                try:
                    return await self._upgrade(reader, writer, prefix, container_id)
                except BaseException:
                    writer.close()
                    raise
        except _FAILURES as error:
            raise self.unavailable(action, error) from error

    async def _upgrade(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        prefix: str,
        container_id: str,
    ) -> "AttachedInput":
        query = urlencode({"stream": 1, "stdin": 1, "stdout": 0, "stderr": 0})
        head = (
            f"POST {prefix}/containers/{quote(container_id)}/attach?{query} HTTP/1.1\r\n"
            "Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
        )
        writer.write(head.encode())
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(answer[9:12])  # HTTP/1.1 101 …
        if status not in (101, 200):
            body = (await reader.read(HEAD_BYTES)).strip()
            raise EngineError("attach to the container", status, _message(body))
        return AttachedInput(self, writer)

    def unavailable(self, action: str, error: BaseException) -> RuntimeUnavailable:
        """What to raise when the connection failed while `action` was going on."""
        return RuntimeUnavailable(
            f"the engine at {self.url} did not {action}: {str(error) or type(error).__name__}"
        )


class AttachedInput:
    """The open standard input of one container."""

    def __init__(self, engine: Engine, writer: asyncio.StreamWriter) -> None:
        self._engine = engine
        self._writer = writer

    async def deliver(self, line: bytes, seconds: float) -> None:
        """Write `line` and end-of-file; returns when the engine has taken all of it.

        A container that died unread is no error here: the box itself tells that. Raises
        RuntimeUnavailable after `seconds`; a half-delivered line makes the runner end.
        """
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(line)
                await self._writer.drain()
                # End-of-file for the container. Half-closing and awaiting the engine's own close
                # would prove no more and may last: for a container with StdinOnce that it sees
                # running already, the engine closes at that one's end.
                self._writer.close()
                await self._writer.wait_closed()
        except (BrokenPipeError, ConnectionResetError):
            return
        except (OSError, TimeoutError) as error:
            self._writer.transport.abort()
            raise self._engine.unavailable("take the bootstrap", error) from error

    def close(self) -> None:
        """End-of-file for the container, if it was not sent yet."""
        self._writer.close()


async def _content(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > ANSWER_BYTES:
            raise ValueError(f"the answer is larger than {ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _spoken(oldest: str) -> str:
    major, _, minor = oldest.partition(".")
    known = (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (1, 0)
    chosen = max(known, API_VERSION)
    return f"v{chosen[0]}.{chosen[1]}"


def _message(body: bytes) -> str:
    """The engine's own words: JSON {"message": …}, or plain text."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace").strip()
    message: object = document.get("message") if isinstance(document, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return str(message)  # pyright: ignore[reportUnknownArgumentType]
