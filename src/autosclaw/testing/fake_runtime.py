"""A runtime in memory whose boxes are coroutines, with the faults that real engines have.

Must behave as `base.Runtime` says, fault or not: the conformance suite runs over it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

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

SPOOL_CHUNK_BYTES = 64 << 10
KILLED = 137
CRASHED = 1

Key = tuple[str, str]


class FakeBox:
    """One box, as its program sees it."""

    def __init__(self, spec: BoxSpec) -> None:
        self.spec = spec
        self.spool: bytearray | None = None
        self.terminated = asyncio.Event()
        self.state = BoxState.CREATED
        self.exit_code: int | None = None
        self.oom_killed = False
        self.ended = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def write_spool(self, data: bytes) -> None:
        """Append to the spool, which is there from the first write on."""
        self.spool = (self.spool or bytearray()) + data

    def seen(self) -> Box:
        """What an engine tells of it."""
        return Box(self.spec.agent_id, self.spec.boot, self.state, self.exit_code, self.oom_killed)


# Returns the exit code; raising is a crash (exit code 1). It sees SIGTERM as `box.terminated`.
Program = Callable[[FakeBox], Awaitable[int]]


@dataclass
class Faults:
    """How the engine misbehaves, until it is set otherwise.

    delay_seconds: before every answer (slow). unavailable: calls that fail from now on, -1 for
    all. refusal: the sentence with which starts are rejected. late_listings: that many listings
    do not show boxes started after this was set (lying). lost_events: hints are not given.
    """

    delay_seconds: float = 0.0
    unavailable: int = 0
    refusal: str | None = None
    late_listings: int = 0
    lost_events: bool = False


@dataclass
class FakeEngine:
    """What outlives the manager: boxes of all installations, and the faults.

    calls: every verb asked for, oldest first, "start <agent id>" and the like.
    """

    program: Program
    faults: Faults = field(default_factory=Faults)
    boxes: dict[Key, FakeBox] = field(default_factory=dict[Key, FakeBox])
    hidden: set[Key] = field(default_factory=set[Key])
    hints: dict[str, Hints] = field(default_factory=dict[str, Hints])
    calls: list[str] = field(default_factory=list[str])

    async def run(self, key: Key, box: FakeBox) -> None:
        """Run a box's program to its end."""
        try:
            code = await self.program(box)
        except asyncio.CancelledError:
            code = KILLED
        except Exception:
            code = CRASHED
        self._end(key, box, code)

    def kill(self, key: Key, *, oom: bool = False) -> None:
        """Kill a box from outside, as a person or the kernel would."""
        box = self.boxes[key]
        box.oom_killed = oom
        self._end(key, box, KILLED)
        if box.task is not None:
            box.task.cancel()

    def lose(self, key: Key) -> None:
        """Let a box vanish with its spool, as when somebody prunes the engine."""
        self.kill(key)
        del self.boxes[key]

    def hint(self, key: Key) -> None:
        """Tell this installation's watchers that a box changed."""
        if not self.faults.lost_events and key[0] in self.hints:
            self.hints[key[0]].publish(key[1])

    def _end(self, key: Key, box: FakeBox, code: int) -> None:
        if box.ended.is_set():
            return
        box.state, box.exit_code = BoxState.EXITED, code
        box.ended.set()
        self.hint(key)


class FakeRuntime:
    """`base.Runtime` over a FakeEngine; make a second one to play a restarted manager."""

    name = "fake"
    isolated = True

    def __init__(self, engine: FakeEngine, installation: str) -> None:
        self.engine = engine
        self.installation = installation
        self._hints = engine.hints.setdefault(installation, Hints())

    async def check(self) -> None:
        await self._asked("check")
        if self.engine.faults.refusal is not None:
            raise RuntimeRejected(self.engine.faults.refusal)

    async def manager_host(self) -> str:
        await self._asked("manager_host")
        return "127.0.0.1"

    async def start(self, spec: BoxSpec) -> None:
        await self._asked(f"start {spec.agent_id}")
        faults = self.engine.faults
        if faults.refusal is not None:
            raise RuntimeRejected(faults.refusal)
        key = self._key(spec.agent_id)
        existing = self.engine.boxes.get(key)
        if existing is not None:
            if existing.state is BoxState.RUNNING and existing.spec.boot == spec.boot:
                return
            self.engine.kill(key)
        box = self.engine.boxes[key] = FakeBox(spec)
        if faults.late_listings > 0:
            self.engine.hidden.add(key)
        box.state = BoxState.RUNNING
        box.task = asyncio.create_task(self.engine.run(key, box))
        self.engine.hint(key)

    async def list(self) -> list[Box]:
        await self._asked("list")
        faults = self.engine.faults
        if faults.late_listings > 0:
            faults.late_listings -= 1
        else:
            self.engine.hidden.clear()
        return [
            box.seen()
            for key, box in self.engine.boxes.items()
            if key[0] == self.installation and key not in self.engine.hidden
        ]

    async def inspect(self, agent_id: str) -> Box:
        await self._asked(f"inspect {agent_id}")
        return self._own(agent_id).seen()

    async def stop(self, agent_id: str, grace_seconds: float) -> None:
        await self._asked(f"stop {agent_id}")
        box = self._own(agent_id)
        if box.state is not BoxState.RUNNING:
            return
        box.terminated.set()
        try:
            await asyncio.wait_for(box.ended.wait(), grace_seconds)
        except TimeoutError:
            if box.state is BoxState.RUNNING:
                self.engine.kill(self._key(agent_id))

    async def read_spool(self, agent_id: str) -> AsyncGenerator[bytes, None]:
        await self._asked(f"read_spool {agent_id}")
        spool = bytes(self._own(agent_id).spool or b"")
        for start in range(0, len(spool), SPOOL_CHUNK_BYTES):
            yield spool[start : start + SPOOL_CHUNK_BYTES]

    async def remove(self, agent_id: str) -> None:
        await self._asked(f"remove {agent_id}")
        key = self._key(agent_id)
        box = self.engine.boxes.get(key)
        if box is None:
            return
        if box.state is BoxState.RUNNING:
            raise RuntimeRejected(f"the box of agent {agent_id} still runs: stop it first")
        del self.engine.boxes[key]
        self.engine.hint(key)

    def watch(self) -> AsyncIterator[BoxEvent]:
        return self._hints.watch()

    async def tidy(self) -> None:
        return

    async def close(self) -> None:
        return

    def _key(self, agent_id: str) -> Key:
        return self.installation, agent_id

    def _own(self, agent_id: str) -> FakeBox:
        box = self.engine.boxes.get(self._key(agent_id))
        if box is None:
            raise RuntimeGone(f"there is no box for agent {agent_id}")
        return box

    async def _asked(self, call: str) -> None:
        faults = self.engine.faults
        self.engine.calls.append(call)
        await asyncio.sleep(faults.delay_seconds)
        if faults.unavailable != 0:
            faults.unavailable = max(-1, faults.unavailable - 1)
            raise RuntimeUnavailable("the engine does not answer")
