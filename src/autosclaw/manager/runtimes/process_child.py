"""Local processes as seen from the event loop: start one, feed it, learn of its end.

Must not know what a box is, nor keep a process from outliving the manager.
"""

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autosclaw.manager.runtimes.process_table import Identity, exists, identify

SIGNAL_EXIT = 128


def spawn(
    command: Sequence[str], environ: Mapping[str, str], folder: Path, log: Path
) -> tuple[Identity, int]:
    """Start a session leader; blocks for milliseconds. Returns it and its open input.

    Whoever holds the input closes it. Raises OSError when the program cannot be started.
    """
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            command,
            env=environ,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(output)
    assert child.stdin is not None
    source = os.dup(child.stdin.fileno())
    child.stdin.close()
    # It outlives us and is reaped by its id (see `reap`): Popen must not look after it.
    child.returncode = 0
    identity = identify(child.pid)
    # Not reaped by anyone but us, so it is in the table, if only as a zombie.
    assert identity is not None
    return identity, source


def reap(identity: Identity) -> int | None:
    """The exit code of an ended child of ours, as a container would show it (128 + signal).

    None: it still runs, or is no child of this process, so that nobody can know.
    """
    if not exists(identity):
        return None
    try:
        pid, status = os.waitpid(identity.pid, os.WNOHANG)
    except ChildProcessError:
        return None
    if pid == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else SIGNAL_EXIT - code


async def feed(descriptor: int, data: bytes, seconds: float) -> None:
    """Write `data` to a child's input and close it. Raises TimeoutError after `seconds`.

    A child that ended unread is no error here: its end tells. Closed in every case.
    """
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, False)
    left = memoryview(data)
    try:
        async with asyncio.timeout(seconds):
            while left:
                try:
                    left = left[os.write(descriptor, left) :]
                except BlockingIOError:
                    writable = loop.create_future()
                    loop.add_writer(descriptor, _resolve, writable)
                    try:
                        await writable
                    finally:
                        loop.remove_writer(descriptor)
    except BrokenPipeError:
        pass
    finally:
        os.close(descriptor)


class Exit:
    """Tells once when a process ends, whoever its parent is."""

    def __init__(self, identity: Identity, told: Callable[[], None]) -> None:
        """Raises ProcessLookupError when that process is no longer there."""
        self._loop = asyncio.get_running_loop()
        self._told = told
        self._descriptor: int | None = os.pidfd_open(identity.pid)
        self.ended = asyncio.Event()
        if not exists(identity):
            self.close()
            raise ProcessLookupError(identity.pid)
        self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        self.close()
        self.ended.set()
        self._told()

    def close(self) -> None:
        """Stop waiting; the process goes on."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
