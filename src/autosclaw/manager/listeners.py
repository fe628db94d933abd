"""Listening sockets and the servers on them.

Must not know routes.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from autosclaw.protocol import limits


class CannotListen(Exception):
    """The address cannot be bound; the sentence says where, why and what to set."""


def bind(host: str, port: int, host_setting: str, port_setting: str) -> socket.socket:
    """A bound socket; port 0 picks a free one. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(
                f"port {port} on {host} is taken by another program: stop it, or set {port_setting}"
            ) from None
        raise CannotListen(
            f"cannot listen on {host} port {port} ({(error.strerror or str(error)).lower()}):"
            f" check {host_setting} and {port_setting}"
        ) from None
    return made


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the composition root has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Listener:
    """One application on one socket."""

    def __init__(self, app: ASGIApp, sock: socket.socket) -> None:
        self._socket = sock
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            ws_max_size=limits.FRAME_BYTES,
            ws_ping_interval=limits.PING_SECONDS,
            ws_ping_timeout=limits.PING_SECONDS,
            ws_per_message_deflate=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            backlog=2048,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Accept connections; returns when it does."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                await self._task
                raise RuntimeError("the server ended while starting")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Close what is open, at most about 2 s."""
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError, TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._task), 4)
