"""What each frame of an agent does: events into the transcript, facts into the fleet.

Must not authenticate (links does) and never takes an identity from a frame.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from pydantic import ValidationError

from autosclaw.manager.domain.doing import describe
from autosclaw.manager.services.agents import AgentService
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.event_effects import effects_of
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.link_session import LinkSession
from autosclaw.manager.services.transcripts import (
    Received,
    Transcripts,
    receive,
)
from autosclaw.manager.store import agents, inputs
from autosclaw.manager.store.database import Database, StoreUnavailable
from autosclaw.manager.store.times import to_text
from autosclaw.protocol import events, limits, link
from autosclaw.protocol.agents import SpawnRequest
from autosclaw.protocol.errors import DomainError, bad_input
from autosclaw.protocol.events import AgentEvent

_decode = msgspec.json.Decoder(link.SessionFrame).decode
_NANO = 1_000_000_000
_COST_USD_MAX = 1_000_000
_Number = TypeVar("_Number", int, float)


class FrameReader:
    """Handles the frames of authenticated agents."""

    def __init__(
        self,
        database: Database,
        transcripts: Transcripts,
        fleet: Fleet,
        service: AgentService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._transcripts = transcripts
        self._fleet = fleet
        self._service = service
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def feed(self, session: LinkSession, data: str) -> None:
        """One frame. Raises DomainError with a sentence, or SequenceGap."""
        try:
            frame = _decode(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise bad_input(f"This frame was not understood: {error}.") from None
        if isinstance(frame, link.Events):
            await self._events(session, frame)
            await self._transcripts.room(session.transcript)
        elif isinstance(frame, link.Delta):
            self._delta(session, frame)
        elif isinstance(frame, link.StatusReport):
            self._status(session, frame)
        elif isinstance(frame, link.Tokens):
            self._tokens(session, frame)
        elif isinstance(frame, link.Applied):
            await self._applied(session, frame)
        elif isinstance(frame, link.SpawnAgent):
            self._start(self._spawn(session, frame))
        else:
            await self._single(session, frame, data)
            await self._transcripts.room(session.transcript)

    async def _events(self, session: LinkSession, frame: link.Events) -> None:
        if len(frame.events) > limits.EVENTS_PER_FRAME:
            raise bad_input(f"events: at most {limits.EVENTS_PER_FRAME} in one frame.")
        now = to_text(self._clock())
        skip = max(0, session.transcript.last_source_seq + 1 - frame.first)
        received = [
            receive(session.agent_id, frame.first + skip + i, raw, now)
            for i, raw in enumerate(frame.events[skip:])
        ]
        await self._append(session, received)

    async def _single(self, session: LinkSession, event: AgentEvent, data: str) -> None:
        """The contract's own form: one event a frame, with or without a number."""
        if event.seq is not None:
            now = to_text(self._clock())
            item = receive(session.agent_id, event.seq, data.encode(), now)
            await self._append(session, [item])
            return
        made = await self._transcripts.append_plain(
            session.transcript,
            data.encode(),
            lambda it: effects_of(session.agent_id, [it], self._clock),
        )
        self._notice(session, [made])

    async def _append(self, session: LinkSession, received: Sequence[Received]) -> None:
        seen = [item.event for item in received]
        effect = effects_of(session.agent_id, seen, self._clock)
        done = await self._transcripts.append(session.transcript, received, effect)
        session.acknowledge_after(done)
        self._notice(session, seen)
        if effect is not None:
            done.add_done_callback(lambda _done: self._fleet.touch(session.agent_id))

    def _notice(self, session: LinkSession, seen: Sequence[AgentEvent]) -> None:
        """Facts that pages show at once: what it does now, and that it asks."""
        doing = next((text for e in reversed(seen) if (text := describe(e)) is not None), None)
        if doing is not None:
            self._fleet.presence(session.agent_id).doing = doing
            self._fleet.touch(session.agent_id)
        if any(isinstance(event, events.AskUser) for event in seen):
            self._fleet.asked(session.agent_id, session.name)

    def _delta(self, session: LinkSession, frame: link.Delta) -> None:
        channel = session.transcript.channel
        channel.delta(frame.message_id, frame.block, frame.kind, frame.text)

    def _status(self, session: LinkSession, frame: link.StatusReport) -> None:
        presence = self._fleet.presence(session.agent_id)
        busy = "thinking" in frame.status.lower()
        if busy != presence.processing:
            presence.processing = busy
            self._fleet.touch(session.agent_id)
        shown = {"type": "status", "agentId": session.agent_id, "status": frame.status[:500]}
        text = msgspec.json.encode(shown).decode()
        session.transcript.channel.send(text, plain_too=True)

    def _tokens(self, session: LinkSession, frame: link.Tokens) -> None:
        """Totals an agent reports itself; once the gateway has metered it, they are ignored."""
        told = frame.tokens
        totals = {
            "input_tokens": _within(told.input_tokens, limits.COUNT_MAX),
            "output_tokens": _within(told.output_tokens, limits.COUNT_MAX),
            "cache_read_input_tokens": _within(told.cache_read_input_tokens, limits.COUNT_MAX),
            "cache_creation_input_tokens": _within(
                told.cache_creation_input_tokens, limits.COUNT_MAX
            ),
            "cost_nano_usd": round(_within(told.cost_usd, _COST_USD_MAX) * _NANO),
        }
        agent_id = session.agent_id
        future = self._database.submit(
            lambda tx: agents.report_usage(tx, agent_id, totals), lazy=True
        )
        # The frames behind this one do not wait for its commit.
        self._start(self._told(session, told, future))

    async def _told(
        self, session: LinkSession, told: link.TokenTotals, taken: "asyncio.Future[bool]"
    ) -> None:
        try:
            counts = await taken
        except StoreUnavailable:
            return  # totals, not increments: the next report has these too
        if counts:
            shown = {"type": "tokens", "agentId": session.agent_id, "tokens": told}
            text = msgspec.json.encode(shown).decode()
            session.transcript.channel.send(text, plain_too=True)
            self._fleet.touch(session.agent_id)

    async def _applied(self, session: LinkSession, frame: link.Applied) -> None:
        if not 0 < frame.input <= session.sent_input:
            raise bad_input(f"input: {frame.input} was never sent on this connection.")
        now: datetime = self._clock()
        await self._database.write(
            lambda tx: inputs.applied(tx, session.agent_id, frame.input, now)
        )

    async def _spawn(self, session: LinkSession, frame: link.SpawnAgent) -> None:
        """Contract §3: answered by agent_spawned or spawn_error."""
        try:
            wanted = SpawnRequest.model_validate(
                {
                    "name": frame.name,
                    "purpose": frame.purpose,
                    "systemPrompt": frame.system_prompt,
                }
            )
            made = await self._service.spawn(session.actor, wanted)
        except DomainError as error:
            refusal = link.SpawnError(error=error.message, request_id=frame.request_id)
            session.push(link.encode(refusal))
        except ValidationError as error:
            refusal = link.SpawnError(error=_sentence(error), request_id=frame.request_id)
            session.push(link.encode(refusal))
        except StoreUnavailable:
            text = "The database does not answer; try again."
            session.push(link.encode(link.SpawnError(error=text, request_id=frame.request_id)))
        else:
            answer = link.AgentSpawned(
                agent_id=made.agent_id, name=made.name, request_id=frame.request_id
            )
            session.push(link.encode(answer))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _sentence(error: ValidationError) -> str:
    """The first complaint, naming the field and the limit."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}."


def _within(told: _Number, most: _Number) -> _Number:
    """What an agent says of itself may be anything that JSON can hold."""
    return max(told * 0, min(told, most))
