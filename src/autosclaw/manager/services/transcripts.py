"""Transcripts: numbering events, keeping them, showing them.

An agent's events are numbered and shown at once, committed in groups, and acknowledged to the
agent after the commit (G1). What the manager itself writes is committed first. One Transcript
object per agent is the only place that numbers its events. Must not know sockets.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, get_args

import msgspec

from autosclaw.manager.hub import Channel
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.store import agents, messages, times
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.messages import MessageRow, SessionLogRow
from autosclaw.protocol import events, limits
from autosclaw.protocol.errors import bad_input, not_found
from autosclaw.protocol.events import AgentEvent, Event, SessionLog

_decode = msgspec.json.Decoder(AgentEvent).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
Effect = Callable[[Tx], None]
_FROM_MODEL = (events.Output, events.ToolUse)
_TAGS = {kind: str(kind.__struct_config__.tag) for kind in get_args(AgentEvent)}


class SequenceGap(Exception):
    """The agent skipped numbers; it has to resume from the last acknowledged one."""


class TranscriptDiverged(Exception):
    """Memory and database disagree about this transcript; it has to be loaded anew."""


class Received(NamedTuple):
    """One event as an agent sent it: its number there, the bytes, what they say."""

    source_seq: int
    text: str
    event: AgentEvent


def receive(agent_id: str, source_seq: int, raw: bytes | msgspec.Raw, at: str) -> Received:
    """Check one event of agent `agent_id`; add `at` and `agentId` where a plain agent left
    them out. Raises bad_input with the reason."""
    try:
        event = _decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise bad_input(f"This event was not understood: {error}.") from None
    if event.agent_id not in ("", agent_id):
        raise bad_input("agentId names another agent; an agent may only speak for itself.")
    text = bytes(raw).decode()
    if event.at is not None and not event.agent_id and _lacks_agent_id(text):
        text = f'{{"agentId":"{agent_id}",{text[text.index("{") + 1 :]}'
    elif event.at is None or not event.agent_id:
        fields = _decode_fields(raw)
        fields["at"] = fields["at"] if event.at is not None else _encode(at)
        fields["agentId"] = _encode(agent_id)
        text = msgspec.json.encode(fields).decode()
    return Received(source_seq, text, event)


def _lacks_agent_id(text: str) -> bool:
    """Surely no such key, not even empty or in escapes; then nothing has to be taken apart.
    An object with `type` and `at` is not empty, so a comma may follow what is put in front."""
    return '"agentId"' not in text and "\\u" not in text


def _encode(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))


class _Stage:
    """Events of one transcript that become durable together, while their write is queued.

    It grows in the event loop until the writer's thread takes it; `_lock` stands between the two.
    """

    done: "asyncio.Future[None]"

    def __init__(self, agent_id: str, old: tuple[int, int]) -> None:
        self.new = old
        self._agent_id = agent_id
        self._old = old
        self._shown: list[MessageRow] = []
        self._logged: list[SessionLogRow] = []
        self._effects: list[Effect] = []
        self.size = 0
        self._taken = False
        self._lock = threading.Lock()

    def add(
        self,
        shown: Sequence[MessageRow],
        logged: Sequence[SessionLogRow],
        new: tuple[int, int],
        effect: Effect | None,
        size: int,
    ) -> bool:
        """False: the writer has it; begin another."""
        with self._lock:
            if self._taken:
                return False
            self._shown += shown
            self._logged += logged
            if effect is not None:
                self._effects.append(effect)
            self.new = new
            self.size += size
            return True

    def write(self, tx: Tx) -> None:
        """In the writer's thread."""
        with self._lock:
            self._taken = True
        _write(tx, self._agent_id, self._shown, self._logged, self._old, self.new)
        for effect in self._effects:
            effect(tx)


class Transcript:
    """The numbering of one agent's events, and its channel.

    last_source_seq: the agent's newest number that was taken in. acked: the newest that is
    durable; only this is ever told to the agent, which then forgets.
    """

    def __init__(self, agent_id: str, last_seq: int, last_source_seq: int) -> None:
        self.agent_id = agent_id
        self.channel = Channel(agent_id, last_seq)
        self.last_source_seq = last_source_seq
        self.acked = last_source_seq
        self.lock = asyncio.Lock()
        self.users = 0
        self.broken = False
        self.stage: _Stage | None = None
        self.pending_bytes = 0


class Transcripts:
    """All transcripts somebody uses right now."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._open: dict[str, Transcript] = {}
        self._opening: dict[str, asyncio.Task[Transcript]] = {}
        self.on_broken: list[Callable[[str], None]] = []

    async def hold(self, agent_id: str) -> Transcript:
        """The transcript of an agent, kept in memory until `let_go`. Raises not_found."""
        while True:
            transcript = self._open.get(agent_id) or await self._load_once(agent_id)
            # Between a load and here another user may have come, gone and dropped it.
            if self._open.get(agent_id) is transcript:
                transcript.users += 1
                return transcript

    def let_go(self, transcript: Transcript) -> None:
        """The counterpart of `hold`: once for each."""
        transcript.users -= 1
        self.release(transcript)

    def release(self, transcript: Transcript) -> None:
        """Forget a transcript that nobody uses and whose events are all committed."""
        channel = transcript.channel
        unused = transcript.users == 0 and channel.committed == channel.last
        if unused and self._open.get(transcript.agent_id) is transcript:
            del self._open[transcript.agent_id]

    async def _load_once(self, agent_id: str) -> Transcript:
        task = self._opening.get(agent_id)
        if task is None:
            task = asyncio.ensure_future(self._load(agent_id))
            self._opening[agent_id] = task
            task.add_done_callback(lambda _task: self._opening.pop(agent_id, None))
        return await asyncio.shield(task)

    async def _load(self, agent_id: str) -> Transcript:
        row = await self._database.read(lambda tx: agents.get(tx, agent_id))
        if row is None:
            raise not_found("There is no such agent.")
        transcript = Transcript(agent_id, row.last_seq, row.last_source_seq)
        return self._open.setdefault(agent_id, transcript)

    def peek(self, agent_id: str) -> Transcript | None:
        """The transcript if somebody uses it."""
        return self._open.get(agent_id)

    async def append(
        self,
        transcript: Transcript,
        received: Sequence[Received],
        effect: Effect | None = None,
    ) -> "asyncio.Future[None]":
        """Number and show an agent's events; the future is done when they are durable.

        Repeated events are skipped; `effect` runs in the same transaction. Raises SequenceGap.
        """
        async with transcript.lock:
            fresh = [item for item in received if item.source_seq > transcript.last_source_seq]
            if not fresh:
                return _done()
            if fresh[0].source_seq != transcript.last_source_seq + 1:
                raise SequenceGap(
                    f"expected {transcript.last_source_seq + 1}, got {fresh[0].source_seq}"
                )
            return self._stage(transcript, fresh, effect)

    async def append_plain(
        self, transcript: Transcript, text: bytes, effect: Callable[[AgentEvent], Effect | None]
    ) -> AgentEvent:
        """An event without a number, from an agent that speaks the contract only."""
        async with transcript.lock:
            number = transcript.last_source_seq + 1
            item = receive(transcript.agent_id, number, text, times.to_text(self._clock()))
            self._stage(transcript, [item], effect(item.event))
            return item.event

    def _stage(
        self, transcript: Transcript, fresh: Sequence[Received], effect: Effect | None
    ) -> "asyncio.Future[None]":
        if transcript.broken:
            raise TranscriptDiverged(transcript.agent_id)
        channel = transcript.channel
        old = (channel.last, transcript.last_source_seq)
        now = times.to_text(self._clock())
        shown: list[MessageRow] = []
        logged: list[SessionLogRow] = []
        for item in fresh:
            event = item.event
            if isinstance(event, SessionLog):
                logged.append(SessionLogRow(item.source_seq, event.subpath, event.text))
                continue
            seq = old[0] + len(shown) + 1
            shown.append(MessageRow(seq, item.source_seq, _TAGS[type(event)], item.text, now))
            if isinstance(event, _FROM_MODEL) and event.message_id:
                channel.settle(event.message_id, event.block)
        new = (old[0] + len(shown), fresh[-1].source_seq)
        stage = transcript.stage
        size = sum(len(item.text) for item in fresh)
        if stage is None or not stage.add(shown, logged, new, effect, size):
            stage = _Stage(transcript.agent_id, old)
            stage.add(shown, logged, new, effect, size)
            stage.done = self._database.submit(stage.write, lazy=True)
            stage.done.add_done_callback(partial(self._settled, transcript, stage))
            transcript.stage = stage
        if stage.size - size <= limits.LINK_BATCH_BYTES < stage.size:
            self._database.hasten()
        transcript.pending_bytes += size
        transcript.last_source_seq = new[1]
        channel.publish([row.event for row in shown])
        return stage.done

    async def room(self, transcript: Transcript) -> None:
        """Wait until little enough of this transcript is not durable yet: meanwhile its agent's
        socket is not read, and the agent keeps what it has (G3)."""
        while transcript.pending_bytes > limits.PENDING_BYTES and transcript.stage is not None:
            await asyncio.wait([transcript.stage.done])

    def _settled(self, transcript: Transcript, stage: _Stage, done: "asyncio.Future[None]") -> None:
        if transcript.stage is stage:
            transcript.stage = None
        transcript.pending_bytes -= stage.size
        if not done.cancelled() and done.exception() is None:
            transcript.channel.commit(stage.new[0])
            transcript.acked = max(transcript.acked, stage.new[1])
            self.release(transcript)
            return
        transcript.broken = True
        if self._open.get(transcript.agent_id) is transcript:
            del self._open[transcript.agent_id]
        for listener in self.on_broken:
            listener(transcript.agent_id)

    async def record(
        self, agent_id: str, build: Callable[[Tx, datetime], Sequence[Event]]
    ) -> Sequence[Event]:
        """Write events of the manager's own: `build` checks and changes rows in one transaction
        and returns the events that say so; nothing is shown before the commit.

        Raises what `build` raises; then nothing was changed. Cancelled: it is done all the same,
        or what is committed and what is numbered here would differ.
        """
        task = asyncio.ensure_future(self._record_whole(agent_id, build))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _record_whole(
        self, agent_id: str, build: Callable[[Tx, datetime], Sequence[Event]]
    ) -> Sequence[Event]:
        transcript = await self.hold(agent_id)
        try:
            return await self._record(transcript, build)
        finally:
            self.let_go(transcript)

    async def _record(
        self, transcript: Transcript, build: Callable[[Tx, datetime], Sequence[Event]]
    ) -> Sequence[Event]:
        agent_id = transcript.agent_id
        async with transcript.lock:
            if transcript.broken:
                raise TranscriptDiverged(agent_id)
            channel = transcript.channel
            old = (channel.last, transcript.last_source_seq)
            now = self._clock()

            def job(tx: Tx) -> tuple[Sequence[Event], list[MessageRow]]:
                made = build(tx, now)
                rows = [
                    _own_row(old[0] + 1 + i, event, times.to_text(now))
                    for i, event in enumerate(made)
                ]
                if rows:
                    _write(tx, agent_id, rows, [], old, (old[0] + len(rows), old[1]))
                return made, rows

            made, rows = await self._database.write(job)
            channel.publish([row.event for row in rows])
            channel.commit(channel.last)
            return made

    async def page(
        self, agent_id: str, *, before: int | None, after: int | None, limit: int, max_bytes: int
    ) -> tuple[list[tuple[int, str]], int]:
        """(number, JSON) of committed events around a cursor, oldest first; and the last number.

        Raises not_found."""

        def job(tx: Tx) -> tuple[list[tuple[int, str]], int]:
            row = agents.get(tx, agent_id)
            if row is None:
                raise not_found("There is no such agent.")
            if after is not None:
                return messages.after(tx, agent_id, after, limit, max_bytes), row.last_seq
            end = row.last_seq + 1 if before is None else before
            return messages.before(tx, agent_id, end, limit, max_bytes), row.last_seq

        return await self._database.read(job)


def _own_row(seq: int, event: Event, at: str) -> MessageRow:
    stamped: Any = msgspec.structs.replace(event, at=at)
    tag = str(event.__struct_config__.tag)
    return MessageRow(seq, None, tag, events.encode(stamped).decode(), at)


def _write(
    tx: Tx,
    agent_id: str,
    shown: Sequence[MessageRow],
    logged: Sequence[SessionLogRow],
    old: tuple[int, int],
    new: tuple[int, int],
) -> None:
    if not agents.advance(tx, agent_id, old, new):
        raise TranscriptDiverged(agent_id)
    messages.append(tx, agent_id, shown)
    messages.append_session_log(tx, agent_id, logged)


def _done() -> "asyncio.Future[None]":
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
