"""In-process fan-out: a channel per agent whose frames are encoded once for all who watch.

Owns what was said lately and who listens; must not read the store or know sockets. A watcher
that cannot keep up is marked as lagging and reads the store by itself (G4); it never slows
others. Runs in the event loop; nothing here awaits.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from autosclaw.protocol import limits

FLUSH_SECONDS = 0.008
# Up to this many watchers a frame goes out with the tick of the loop that brought it in; more of
# them share one frame every FLUSH_SECONDS.
FEW_WATCHERS = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """Events first, first + 1, … of one agent, ready for both kinds of watchers.

    frame: one `events` frame of the acknowledged form. singles: the same events one by one, for
    plain watchers; empty when there are none.
    """

    agent_id: str
    first: int
    last: int
    frame: str
    singles: Sequence[str]


class Watcher(Protocol):
    """Somebody who follows a channel; called in the event loop, must return at once."""

    plain: bool

    def offer(self, batch: Batch) -> None:
        """Events were published. A watcher that has no room notes that it lags."""
        ...

    def transient(self, agent_id: str, frame: str, *, plain_too: bool) -> None:
        """Partial text, status or totals: shown if there is room, dropped otherwise."""
        ...


@dataclass(slots=True)
class _Partial:
    """Output of one content block so far, for those who begin to watch in the middle of it."""

    kind: str
    texts: list[str] = field(default_factory=list[str])
    size: int = 0


class Channel:
    """What one agent says, to all who watch it."""

    def __init__(self, agent_id: str, last: int) -> None:
        self.agent_id = agent_id
        self.last = last
        self.committed = last
        self.watchers: set[Watcher] = set()
        self._recent: deque[tuple[int, str]] = deque()
        self._recent_bytes = 0
        self._pending: list[str] = []
        self._pending_first = last + 1
        self._deltas: list[str] = []
        self._partials: dict[tuple[str, int], _Partial] = {}
        self._timer: asyncio.Handle | None = None
        self._flushed_at = 0.0

    def publish(self, events: Sequence[str]) -> None:
        """Events numbered last + 1, … were accepted; they reach watchers within FLUSH_SECONDS."""
        self._recent.extend(enumerate(events, self.last + 1))
        self._recent_bytes += sum(map(len, events))
        self.last += len(events)
        self._trim()
        if self.watchers:
            self._pending.extend(events)
            self._schedule()
        else:
            self._pending_first = self.last + 1

    def commit(self, seq: int) -> None:
        """Everything up to `seq` is durable."""
        self.committed = max(self.committed, seq)
        self._trim()

    def delta(self, message_id: str, block: int, kind: str, text: str) -> None:
        """Partial output of one content block."""
        key = (message_id, block)
        partial = self._partials.get(key)
        if partial is None:
            if any(message != message_id for message, _ in self._partials):
                self._partials.clear()
            partial = self._partials[key] = _Partial(kind)
        if partial.size < limits.RECENT_BYTES:
            partial.texts.append(text)
            partial.size += len(text)
        if self.watchers:
            self._deltas.append(_encode_delta(message_id, block, kind, text))
            self._schedule()

    def settle(self, message_id: str, block: int | None) -> None:
        """The block's final event has come; its partial output is void."""
        if block is None:
            self._partials = {k: v for k, v in self._partials.items() if k[0] != message_id}
        else:
            self._partials.pop((message_id, block), None)

    def partial_deltas(self) -> list[str]:
        """What is being written right now, for a watcher that comes in the middle of it."""
        return [
            _encode_delta(message, block, partial.kind, "".join(partial.texts))
            for (message, block), partial in self._partials.items()
        ]

    def recent_after(self, seq: int) -> list[str] | None:
        """Events after `seq` up to `last`, or None when some of them are only in the store."""
        if seq >= self.last:
            return []
        if not self._recent or self._recent[0][0] > seq + 1:
            return None
        return [event for number, event in self._recent if number > seq]

    def join(self, watcher: Watcher) -> None:
        """Batches after `last` go to `watcher` from now on."""
        self.flush()
        self.watchers.add(watcher)

    def leave(self, watcher: Watcher) -> None:
        """Stop; twice is safe."""
        self.watchers.discard(watcher)

    def send(self, frame: str, *, plain_too: bool) -> None:
        """A frame without a number to all watchers."""
        for watcher in tuple(self.watchers):
            watcher.transient(self.agent_id, frame, plain_too=plain_too)

    def flush(self) -> None:
        """Hand over what is pending now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flushed_at = asyncio.get_running_loop().time()
        if self._deltas:
            deltas, self._deltas = self._deltas, []
            head = f'{{"type":"deltas","agentId":"{self.agent_id}","deltas":['
            self.send(head + ",".join(deltas) + "]}", plain_too=False)
        if self._pending:
            events, self._pending = self._pending, []
            first, self._pending_first = self._pending_first, self.last + 1
            self._offer(first, events)

    def _offer(self, first: int, events: list[str]) -> None:
        plain = any(watcher.plain for watcher in self.watchers)
        batch = Batch(
            self.agent_id,
            first,
            first + len(events) - 1,
            events_frame(self.agent_id, first, self.committed, events),
            events if plain else (),
        )
        for watcher in tuple(self.watchers):
            watcher.offer(batch)

    def _schedule(self) -> None:
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        few = len(self.watchers) <= FEW_WATCHERS
        wait = 0 if few else self._flushed_at + FLUSH_SECONDS - loop.time()
        self._timer = loop.call_later(wait, self.flush) if wait > 0 else loop.call_soon(self.flush)

    def _trim(self) -> None:
        """What is durable may go, oldest first, down to the bounds of memory."""
        recent, size = self._recent, self._recent_bytes
        while (
            (len(recent) > limits.RECENT_EVENTS or size > limits.RECENT_BYTES)
            and recent
            and recent[0][0] <= self.committed
        ):
            size -= len(recent.popleft()[1])
        self._recent_bytes = size


def _encode_delta(message_id: str, block: int, kind: str, text: str) -> str:
    delta = {"messageId": message_id, "block": block, "kind": kind, "text": text}
    return msgspec.json.encode(delta).decode()


def events_frame(agent_id: str, first: int, committed: int, events: Sequence[str]) -> str:
    """An acknowledged `events` frame around encoded events."""
    return (
        f'{{"type":"events","agentId":"{agent_id}","first":{first},"committed":{committed},'
        f'"events":[{",".join(events)}]}}'
    )
