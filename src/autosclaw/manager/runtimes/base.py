"""What the manager asks of a place where agents run, and the three ways it may fail.

Must not know any engine, nor what an agent is for: a runtime starts, lists, stops and empties
boxes that carry an agent's id.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from autosclaw.manager.domain.boxes import Box, BoxState

__all__ = [
    "Box",
    "BoxEvent",
    "BoxSpec",
    "BoxState",
    "Runtime",
    "RuntimeGone",
    "RuntimeRejected",
    "RuntimeUnavailable",
]


class RuntimeUnavailable(Exception):
    """The engine does not answer or is overloaded. Nothing is known; try again later."""


class RuntimeRejected(Exception):
    """The engine refuses this request for good (no image, bad setting); the text says why."""


class RuntimeGone(Exception):
    """There is no box for this agent (any more). For stop and remove that is success."""


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """What is needed to start one box.

    boot: how often this agent was started, from 1; part of the box's labels, not of its name. 0 in
    a Box: nobody knows, and it is older than any.
    bootstrap: one line of JSON for standard input, the only way a secret enters.
    memory_bytes, cpus, pids: limits; a runtime that cannot enforce them says so in `isolated`.
    """

    agent_id: str
    boot: int
    bootstrap: bytes
    memory_bytes: int = 2 << 30
    cpus: float = 1.0
    pids: int = 512


@dataclass(frozen=True, slots=True)
class BoxEvent:
    """A hint that a box changed ("look now"); `agent_id` None: look at all of them."""

    agent_id: str | None


class Runtime(Protocol):
    """A place where agents run. Every method may raise RuntimeUnavailable.

    Names are deterministic: one box per installation and agent. Only boxes with this
    installation's label are ever seen or touched. Every call is bounded in time.
    """

    name: str
    isolated: bool

    async def check(self) -> None:
        """Make sure boxes can be started (engine answers, image is there).

        Raises RuntimeRejected with a sentence for a person when they cannot.
        """
        ...

    async def manager_host(self) -> str:
        """The address at which a box reaches this machine; agents' listener binds to it."""
        ...

    async def start(self, spec: BoxSpec) -> None:
        """Create and start the box and hand over its bootstrap; returns when it was written.

        A box of this agent that exists already is left alone when it runs with the same boot
        number (adopted: calling twice is safe) and replaced otherwise. Raises RuntimeRejected.
        Cancelled: the box may exist; `list` tells.
        """
        ...

    async def list(self) -> list[Box]:
        """All boxes of this installation. A failed listing raises, it is never empty."""
        ...

    async def inspect(self, agent_id: str) -> Box:
        """One box. Raises RuntimeGone when it positively does not exist."""
        ...

    async def stop(self, agent_id: str, grace_seconds: float) -> None:
        """SIGTERM, then SIGKILL after the grace. Returns when it no longer runs; twice is safe.

        A grace of 0 kills at once; a box that was never started stays as it is. Raises RuntimeGone
        when there is no such box.
        """
        ...

    def read_spool(self, agent_id: str) -> AsyncIterator[bytes]:
        """The spool file of a box that no longer runs, in chunks; empty when it has none.

        What a box put there is not to be trusted: the last line may be torn, and reading ends
        after twice SPOOL_BYTES. Raises RuntimeGone when the box does not exist.
        """
        ...

    async def remove(self, agent_id: str) -> None:
        """Remove an ended (or never started) box with its volumes; twice is safe.

        Raises RuntimeRejected while it runs.
        """
        ...

    def watch(self) -> AsyncIterator[BoxEvent]:
        """Hints about changes, for ever; reconnects by itself and then yields BoxEvent(None).

        BoxEvent(None) also comes first. Hints may be lost, so `list` is asked now and then as well.
        """
        ...

    async def tidy(self) -> None:
        """Give back what all boxes of this installation share (a network), unless one needs it.

        It is made again by the next start. Twice is safe.
        """
        ...

    async def close(self) -> None:
        """Release connections; boxes go on."""
        ...
