"""Agents as local processes, for machines without a container engine: nothing isolates them.

The very same runner in a session of its own, with folders for work, spool and home. Must not end
a process that is not a member of one of its boxes.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from pathlib import Path
from weakref import WeakValueDictionary

from autosclaw.manager.runtimes import process_child, process_table
from autosclaw.manager.runtimes.base import (
    Box,
    BoxEvent,
    BoxSpec,
    BoxState,
    RuntimeGone,
    RuntimeRejected,
    RuntimeUnavailable,
)
from autosclaw.manager.runtimes.hints import Hints
from autosclaw.manager.runtimes.process_boxes import Boxes, Folder, Record
from autosclaw.manager.runtimes.process_table import Identity
from autosclaw.protocol.limits import SPOOL_BYTES

FEED_SECONDS = 30.0
KILL_SECONDS = 5.0
KILL_POLL_SECONDS = 0.02
CHUNK_BYTES = 256 << 10
SPOOL_READ_BYTES = 2 * SPOOL_BYTES

# All that a runner inherits: where programs and certificates are, and the language.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")


class ProcessRuntime:
    """`base.Runtime` over processes of this machine. Limits of a BoxSpec are not enforced."""

    name = "process"
    isolated = False

    def __init__(
        self,
        data_dir: Path,
        python: str = sys.executable,
        *,
        command: Sequence[str] | None = None,
    ) -> None:
        """Does not touch the disk.

        data_dir: of this installation alone; boxes are below it.
        command: replaces `python -m autosclaw.runner`, for tests; it gets the same options.
        """
        # -P: what an agent writes into a folder must never be imported by the next runner.
        self._command = list(command or (python, "-P", "-m", "autosclaw.runner"))
        self._boxes = Boxes(data_dir.absolute())
        self._hints = Hints()
        self._exits: dict[str, process_child.Exit] = {}
        self._codes: dict[Identity, int] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check(self) -> None:
        """See `base.Runtime.check`: Linux, and a data folder that can be written."""
        if not hasattr(os, "pidfd_open") or not process_table.PROC.joinpath("self/stat").exists():
            raise RuntimeRejected("the process runtime needs Linux: install Docker instead")
        try:
            await asyncio.to_thread(self._boxes.prepare)
        except OSError as error:
            raise RuntimeRejected(f"agents have no place to live: {error}") from error

    async def manager_host(self) -> str:
        """Loopback: processes share this machine's network."""
        return "127.0.0.1"

    async def start(self, spec: BoxSpec) -> None:
        """See `base.Runtime.start`. The folder of another boot is removed with all its files."""
        async with self._lock(spec.agent_id):
            with _unavailable("start the agent"):
                await asyncio.to_thread(self._boxes.prepare)
                existing = await self._record(spec.agent_id)
                if existing is not None:
                    if self._state(existing) is BoxState.RUNNING and existing.boot == spec.boot:
                        return
                    await self._end(existing, grace_seconds=0)
                record = await asyncio.to_thread(self._boxes.create, spec.agent_id, spec.boot)
            source = await self._spawn(record)
            try:
                await process_child.feed(source, spec.bootstrap, FEED_SECONDS)
            except TimeoutError as error:
                raise RuntimeUnavailable("the agent did not read its bootstrap") from error

    async def _spawn(self, record: Record) -> int:
        folder = self._boxes.folder(record.agent_id)
        try:
            # Not in a thread: cancelled there, a process would run that nobody knows of.
            identity, source = process_child.spawn(
                [*self._command, *_options(folder)], _environment(folder), folder.path, folder.log
            )
        except OSError as error:
            raise RuntimeRejected(f"the runner cannot be started: {error}") from error
        started = record.started(identity)
        try:
            # Before the bootstrap: a manager that dies here closes the input, and the runner,
            # which then reads no bootstrap, ends by itself.
            await asyncio.to_thread(self._boxes.save, started)
        except BaseException:
            os.close(source)
            raise
        self._follow(started)
        self._hints.publish(record.agent_id)
        return source

    async def list(self) -> list[Box]:
        """See `base.Runtime.list`; also keeps the logs bounded."""
        with _unavailable("list agents"):
            records = await asyncio.to_thread(self._boxes.load_all)
            return [await self._observed(record) for record in records]

    async def inspect(self, agent_id: str) -> Box:
        """See `base.Runtime.inspect`."""
        with _unavailable("look at the agent"):
            return await self._observed(await self._own(agent_id))

    async def stop(self, agent_id: str, grace_seconds: float) -> None:
        """See `base.Runtime.stop`: the group first, then every process with the box's marks."""
        with _unavailable("stop the agent"):
            record = await self._own(agent_id)
            await self._end(record, grace_seconds)

    async def read_spool(self, agent_id: str) -> AsyncGenerator[bytes, None]:
        """See `base.Runtime.read_spool`; at most SPOOL_READ_BYTES of it."""
        with _unavailable("read the spool"):
            await self._own(agent_id)
            descriptor = await asyncio.to_thread(self._boxes.open_spool, agent_id)
            if descriptor is None:
                return
            try:
                left = SPOOL_READ_BYTES
                while left > 0:
                    wanted = min(CHUNK_BYTES, left)
                    chunk = await asyncio.to_thread(os.read, descriptor, wanted)
                    if not chunk:
                        return
                    left -= len(chunk)
                    yield chunk
            finally:
                os.close(descriptor)

    async def remove(self, agent_id: str) -> None:
        """See `base.Runtime.remove`. Raises RuntimeRejected while the box runs."""
        async with self._lock(agent_id):
            with _unavailable("remove the agent"):
                record = await self._record(agent_id)
                if record is None:
                    return
                if self._state(record) is BoxState.RUNNING:
                    raise RuntimeRejected(f"the box of agent {agent_id} still runs: stop it first")
                await self._end(record, grace_seconds=0)
                self._unfollow(agent_id)
                if record.process is not None:
                    self._codes.pop(record.process, None)
                await asyncio.to_thread(self._boxes.remove, agent_id)
            self._hints.publish(agent_id)

    def watch(self) -> AsyncIterator[BoxEvent]:
        """See `base.Runtime.watch`."""
        return self._hints.watch()

    async def tidy(self) -> None:
        """See `base.Runtime.tidy`: processes share nothing."""

    async def close(self) -> None:
        """See `base.Runtime.close`."""
        for agent_id in list(self._exits):
            self._unfollow(agent_id)

    async def _record(self, agent_id: str) -> Record | None:
        return await asyncio.to_thread(self._boxes.load, agent_id)

    async def _own(self, agent_id: str) -> Record:
        record = await self._record(agent_id)
        if record is None:
            raise RuntimeGone(f"there is no box for agent {agent_id}")
        return record

    def _state(self, record: Record) -> BoxState:
        if record.process is None:
            return BoxState.CREATED
        if record.exit_code is None and process_table.runs(record.process):
            return BoxState.RUNNING
        return BoxState.EXITED

    async def _observed(self, record: Record) -> Box:
        """The box as it is now. An exit code is kept: the process can be asked only once."""
        state = self._state(record)
        if state is BoxState.RUNNING:
            self._follow(record)
            await asyncio.to_thread(self._boxes.bound_log, record.agent_id)
        elif state is BoxState.EXITED and record.process is not None and record.exit_code is None:
            record = await self._reaped(record, record.process)
        return Box(record.agent_id, record.boot, state, record.exit_code)

    async def _reaped(self, record: Record, process: Identity) -> Record:
        # What a runner leaves behind dies with it, as it would in a container. Before its number
        # is given back: it marks the session.
        home = self._boxes.folder(record.agent_id).home
        await asyncio.to_thread(process_table.kill, process, home)
        code = process_child.reap(process)
        if code is not None:
            self._codes[process] = code
        # Another look at the same box may have been faster, and not on disk yet.
        code = self._codes.get(process)
        if code is None:
            return record
        ended = record.ended(code)
        await asyncio.to_thread(self._boxes.save, ended)
        return ended

    async def _end(self, record: Record, grace_seconds: float) -> None:
        """Nothing of the box runs afterwards. Raises RuntimeUnavailable when it will not die."""
        process = record.process
        if process is None:
            return
        home = self._boxes.folder(record.agent_id).home
        if grace_seconds > 0 and self._state(record) is BoxState.RUNNING:
            process_table.terminate(process)
            await self._wait(process, grace_seconds)
        try:
            async with asyncio.timeout(KILL_SECONDS):
                while await asyncio.to_thread(process_table.members, process, home):
                    await asyncio.to_thread(process_table.kill, process, home)
                    await asyncio.sleep(KILL_POLL_SECONDS)
        except TimeoutError as error:
            raise RuntimeUnavailable(
                f"processes of agent {record.agent_id} do not die (pid {process.pid})"
            ) from error
        if record.exit_code is None:
            await self._reaped(record, process)

    async def _wait(self, process: Identity, seconds: float) -> None:
        """Until the process ended or the time is over."""
        try:
            exit_ = process_child.Exit(process, _nothing)
        except ProcessLookupError:
            return
        try:
            async with asyncio.timeout(seconds):
                await exit_.ended.wait()
        except TimeoutError:
            pass
        finally:
            exit_.close()

    def _follow(self, record: Record) -> None:
        """Publish a hint when the process ends; also for one that another manager started."""
        if record.process is None or record.agent_id in self._exits:
            return
        try:
            self._exits[record.agent_id] = process_child.Exit(
                record.process, self._told(record.agent_id)
            )
        except ProcessLookupError:
            self._hints.publish(record.agent_id)

    def _told(self, agent_id: str) -> Callable[[], None]:
        def told() -> None:
            self._exits.pop(agent_id, None)
            self._hints.publish(agent_id)

        return told

    def _unfollow(self, agent_id: str) -> None:
        exit_ = self._exits.pop(agent_id, None)
        if exit_ is not None:
            exit_.close()

    def _lock(self, agent_id: str) -> asyncio.Lock:
        return self._locks.setdefault(agent_id, asyncio.Lock())


def _options(folder: Folder) -> list[str]:
    return [
        *("--work", str(folder.work)),
        *("--spool", str(folder.spool)),
        *("--home", str(folder.home)),
    ]


def _environment(folder: Folder) -> dict[str, str]:
    """No secret, nothing of the manager's settings; HOME also marks the box's processes."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {"LANG": "C.UTF-8", **kept, "HOME": str(folder.home), "PYTHONUNBUFFERED": "1"}


def _nothing() -> None:
    return


@contextlib.contextmanager
def _unavailable(action: str) -> Generator[None, None, None]:
    """The disk's failures leave here as RuntimeUnavailable, a senseless id as RuntimeGone."""
    try:
        yield
    except OSError as error:
        raise RuntimeUnavailable(f"could not {action}: {error}") from error
    except ValueError as error:
        raise RuntimeGone(f"could not {action}: {error}") from error
