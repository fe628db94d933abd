"""Reading the spool of a dead box into the transcript (G2).

Must not touch engines: it gets the file's bytes.
"""

from collections.abc import AsyncIterator

import msgspec
import structlog

from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.event_effects import effects_of
from autosclaw.manager.services.transcripts import (
    Received,
    SequenceGap,
    Transcript,
    Transcripts,
    receive,
)
from autosclaw.manager.store.times import to_text
from autosclaw.protocol import limits
from autosclaw.protocol.errors import DomainError
from autosclaw.protocol.spool import decode_line

log = structlog.get_logger()
_LINE_BYTES = limits.EVENT_BYTES + 64


class Spools:
    """Appends what a runner had accepted and not delivered."""

    def __init__(self, transcripts: Transcripts, clock: Clock) -> None:
        self._transcripts = transcripts
        self._clock = clock

    async def replay(self, agent_id: str, chunks: AsyncIterator[bytes]) -> int:
        """Append events the manager lacks; returns how many. Twice is safe.

        The spool was in the agent's reach: what is torn, foreign or too large ends the reading,
        and is logged. Raises what the transcript raises (nothing is lost then: try again).
        """
        transcript = await self._transcripts.hold(agent_id)
        try:
            return await self._replay(transcript, chunks)
        finally:
            self._transcripts.let_go(transcript)

    async def _replay(self, transcript: Transcript, chunks: AsyncIterator[bytes]) -> int:
        agent_id = transcript.agent_id
        before = transcript.last_source_seq
        batch: list[Received] = []
        async for line in _lines(chunks):
            try:
                item = self._read(agent_id, line)
            except (msgspec.MsgspecError, RecursionError, ValueError, DomainError) as error:
                log.warning("spool_ends_early", agent=agent_id, error=type(error).__name__)
                break
            if item is not None:
                batch.append(item)
            if len(batch) >= limits.LINK_BATCH_EVENTS:
                await self._append(transcript, batch)
                batch = []
        await self._append(transcript, batch)
        return transcript.last_source_seq - before

    def _read(self, agent_id: str, line: bytes) -> Received | None:
        found = decode_line(line)
        if found.seq is None or found.event is None:
            return None
        return receive(agent_id, found.seq, found.event, to_text(self._clock()))

    async def _append(self, transcript: Transcript, batch: list[Received]) -> None:
        if not batch:
            return
        agent_id = transcript.agent_id
        effect = effects_of(agent_id, [item.event for item in batch], self._clock)
        try:
            await (await self._transcripts.append(transcript, batch, effect))
        except SequenceGap as gap:
            log.error("spool_gap", agent=agent_id, gap=str(gap))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole lines; a last one without its newline was never accepted."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line
        if len(rest) > _LINE_BYTES:
            return
