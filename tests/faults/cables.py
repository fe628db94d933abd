"""Bad connections: a cable to the engine, and a way to cut the sockets of a running program.

The cable knows the three ways of networks: connections are reset (`cut`), refused (`unplug`), or
accepted and silent (`hang`).
"""

import asyncio
import ctypes
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Cable:
    """Passes bytes on. `listen` and `dial` make the two ends; see `unix`."""

    def __init__(
        self,
        listen: Callable[..., Coroutine[Any, Any, asyncio.Server]],
        dial: Callable[[], Coroutine[Any, Any, Streams]],
        forget: Callable[[], None],
        address: str,
    ) -> None:
        self.address = address
        self._listen = listen
        self._dial = dial
        self._forget = forget
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.connections = 0

    async def plug(self) -> None:
        """Listen, and pass on."""
        self._flowing.set()
        if self._server is None:
            self._server = await self._listen(self._connected)

    def cut(self) -> int:
        """Reset every connection; new ones are taken. How many there were."""
        found = len(self._tasks)
        for writer in self._open:
            writer.transport.abort()
        return found

    async def unplug(self) -> None:
        """Reset every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._forget()
            self._server = None
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang(self) -> None:
        """Connections stay and are taken, but nothing comes through until `plug`."""
        self._flowing.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections += 1
        self._tasks.add(task)
        self._open.add(writer)
        ends = [writer]
        try:
            back, forth = await self._dial()
            ends.append(forth)
            self._open.add(forth)
            await asyncio.gather(self._pass(reader, forth), self._pass(back, writer))
        except (OSError, asyncio.CancelledError):
            # Cancelled by `unplug` alone; the server's own callback cannot bear it.
            pass
        finally:
            for end in ends:
                end.transport.abort()
                self._open.discard(end)
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            writer.transport.abort()


def unix(path: Path, target: str) -> Cable:
    """From a socket file to another."""

    return Cable(
        lambda take: asyncio.start_unix_server(take, path),
        lambda: asyncio.open_unix_connection(target),
        lambda: path.unlink(missing_ok=True),
        f"unix://{path}",
    )


_PIDFD_GETFD = 438  # the same number on all machines; Linux 5.6
_ESTABLISHED = "01"


def cut_sockets(pid: int, port: int) -> int:
    """End every accepted connection of a program to one of its ports; how many there were.

    Neither side is asked: it is as if the cable broke. Needs the rights of a debugger, which a
    parent has over its children.
    """
    inodes = _accepted(port)
    cut = 0
    for entry in os.scandir(f"/proc/{pid}/fd"):
        if os.readlink(entry.path) in inodes:
            with socket.socket(fileno=_copy_of(pid, int(entry.name))) as copy:
                copy.shutdown(socket.SHUT_RDWR)
            cut += 1
    return cut


def _accepted(port: int) -> set[str]:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    suffix = f":{port:04X}"
    return {
        f"socket:[{row[9]}]" for row in rows if row[1].endswith(suffix) and row[3] == _ESTABLISHED
    }


def _copy_of(pid: int, number: int) -> int:
    process = os.pidfd_open(pid)
    try:
        copy = int(ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, number, 0))
    finally:
        os.close(process)
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return copy
