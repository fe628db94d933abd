"""Links: authenticated agents and what their sockets say and get.

A link session belongs to one agent for ever (identity is a constructor argument) and to one
connection: a newer connection of the same agent fences it. Must not know sockets: `web` feeds
frames in and sends what `outgoing` yields.
"""

import hmac
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from autosclaw.manager.domain.agents import CONNECTABLE, LINKABLE, Cause
from autosclaw.manager.services import life
from autosclaw.manager.services.agents import AgentService
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.link_frames import FrameReader
from autosclaw.manager.services.link_inputs import to_frame
from autosclaw.manager.services.link_session import LinkSession, token_digest
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store import agents, inputs, messages, questions
from autosclaw.manager.store.agents import AgentRow
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.times import to_text
from autosclaw.protocol import link
from autosclaw.protocol.agents import ENDED, State
from autosclaw.protocol.errors import Code, DomainError
from autosclaw.protocol.events import Event

_INPUT_PAGE = 50


class Links:
    """Opens sessions, feeds them, and keeps one per agent."""

    def __init__(
        self,
        database: Database,
        transcripts: Transcripts,
        fleet: Fleet,
        service: AgentService,
        clock: Clock,
        *,
        subscription: bool = False,
    ) -> None:
        self._database = database
        self._transcripts = transcripts
        self._fleet = fleet
        self._clock = clock
        self._subscription = subscription
        self._sessions: dict[str, LinkSession] = {}
        self._frames = FrameReader(database, transcripts, fleet, service, clock)
        self.on_gone: Callable[[str], None] = lambda _agent_id: None
        transcripts.on_broken.append(self._broken)

    async def by_token(self, token: str) -> AgentRow | None:
        """The agent whose running boot has this token, found in one look-up."""
        digest = token_digest(token)
        row = await self._database.read(lambda tx: agents.by_token_hash(tx, digest))
        if row is None or row.token is None or not hmac.compare_digest(row.token, digest):
            return None
        return None if row.state in ENDED else row

    async def open(self, frame: link.Register) -> LinkSession:
        """Authenticate a connection and make it the agent's only one.

        Raises DomainError UNAUTHENTICATED (wrong token, or not this agent's).
        """
        row = await self.by_token(frame.token)
        if row is None or row.id != frame.agent_id or row.state not in LINKABLE:
            raise DomainError(Code.UNAUTHENTICATED, "This token is not this agent's.")
        epoch = await self._database.write(lambda tx: agents.next_epoch(tx, row.id))
        transcript = await self._transcripts.hold(row.id)
        session = LinkSession(row, transcript, acknowledged=frame.protocol is not None, epoch=epoch)
        older = self._sessions.get(row.id)
        self._sessions[row.id] = session
        if older is not None:
            older.close(link.CLOSE_FENCED, "a newer connection of this agent took over")
        if session.acknowledged:
            session.push(self._greeting(row, session))
        try:
            await self._connected(row)
        except BaseException:
            await self.closed(session)
            raise
        session.wake.set()
        return session

    def _greeting(self, row: AgentRow, session: LinkSession) -> bytes:
        spec = link.SessionSpec(
            session_id=row.id,
            model=row.model,
            keep_alive_seconds=row.keep_alive_seconds,
            subscription=self._subscription,
        )
        return link.encode(
            link.Registered(
                agent_id=row.id,
                protocol=link.PROTOCOL,
                epoch=session.epoch,
                last_seq=session.transcript.acked,
                last_input=row.applied_input,
                session=spec,
            )
        )

    async def _connected(self, row: AgentRow) -> None:
        presence = self._fleet.presence(row.id)
        presence.connected = True

        def build(tx: Tx, now: datetime) -> list[Event]:
            fresh = agents.get(tx, row.id)
            if fresh is None or fresh.state not in CONNECTABLE:
                return []
            asked = questions.newest_open(tx, row.id) is not None
            if fresh.started_at is None:
                agents.change(tx, row.id, started_at=to_text(now))
            agents.change(tx, row.id, missing_since=None)
            if fresh.state is not State.RUNNING:
                life.apply(tx, row.id, State.RUNNING, Cause.SELF, now)
            if asked:
                life.apply(tx, row.id, State.WAITING, Cause.SELF, now)
            return []

        await self._transcripts.record(row.id, build)
        self._fleet.touch(row.id)

    async def feed(self, session: LinkSession, data: str) -> None:
        """One frame from the agent. Raises DomainError (refused) or SequenceGap."""
        if session.closing is None:
            await self._frames.feed(session, data)

    async def outgoing(self, session: LinkSession) -> AsyncIterator[bytes]:
        """Frames to send, until the session closes: acknowledgements, inputs, answers."""
        while True:
            session.wake.clear()
            while session.direct:
                yield session.direct.popleft()
            if session.acknowledged and session.transcript.acked > session.acked:
                session.acked = session.transcript.acked
                yield link.encode(link.Ack(seq=session.acked))
            if session.inputs_hinted:
                session.inputs_hinted = False
                async for frame in self._inputs(session):
                    yield frame
            if session.closing is not None and not session.direct:
                return
            await session.wake.wait()

    async def _inputs(self, session: LinkSession) -> AsyncIterator[bytes]:
        while session.closing is None:
            after = session.sent_input
            rows = await self._database.read(
                lambda tx, after=after: inputs.pending(tx, session.agent_id, after, _INPUT_PAGE)
            )
            if not rows:
                return
            for row in rows:
                session.sent_input = row.number  # before the agent can say that it has it
                yield to_frame(row)
            if not session.acknowledged:
                number = session.sent_input
                await self._database.write(
                    lambda tx, number=number: inputs.applied(
                        tx, session.agent_id, number, self._clock()
                    )
                )

    def hint(self, agent_id: str) -> None:
        """There is something new for this agent (an input)."""
        session = self._sessions.get(agent_id)
        if session is not None:
            session.inputs_hinted = True
            session.wake.set()

    def ask_to_close(self, agent_id: str, reason: str) -> None:
        """Tell the agent to shut down; the connection stays for its last words."""
        session = self._sessions.get(agent_id)
        if session is not None:
            session.push(link.encode(link.Close(reason=reason)))

    def cut(self, agent_id: str) -> None:
        """The agent has ended: its connection is closed for good."""
        session = self._sessions.get(agent_id)
        if session is not None:
            session.close(link.CLOSE_ENDED, "the agent has ended")

    def cut_all(self) -> None:
        """The manager goes away; agents keep their events and come back."""
        for session in self._sessions.values():
            session.close(1012, "the manager restarts")

    async def closed(self, session: LinkSession) -> None:
        """The connection is gone. Only the session that owns the agent changes anything."""
        self._transcripts.let_go(session.transcript)
        if self._sessions.get(session.agent_id) is not session:
            return
        del self._sessions[session.agent_id]
        presence = self._fleet.presence(session.agent_id)
        presence.connected = presence.processing = False

        def build(tx: Tx, now: datetime) -> list[Event]:
            row = agents.get(tx, session.agent_id)
            if row is not None and row.epoch == session.epoch:
                life.apply(tx, row.id, State.DISCONNECTED, Cause.SELF, now)
            return []

        await self._transcripts.record(session.agent_id, build)
        self._fleet.touch(session.agent_id)
        self.on_gone(session.agent_id)

    async def session_files(self, agent_id: str) -> dict[str, str]:
        """The CLI's own log, for resuming in a new container."""
        return await self._database.read(lambda tx: messages.session_files(tx, agent_id))

    def _broken(self, agent_id: str) -> None:
        session = self._sessions.get(agent_id)
        if session is not None:
            session.close(1013, "this transcript has to be read anew")
