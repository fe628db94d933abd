"""One authenticated connection of one agent: who it is and what waits to be sent.

Must not read the store.
"""

import asyncio
import hashlib
from collections import deque

from autosclaw.manager.domain.policy import AgentActor
from autosclaw.manager.services.transcripts import Transcript
from autosclaw.manager.store.agents import AgentRow


def token_digest(token: str) -> str:
    """How an agent's token is kept: SHA-256 in hex (the token itself is 256 random bits)."""
    return hashlib.sha256(token.encode()).hexdigest()


def actor_of(row: AgentRow) -> AgentActor:
    """An agent as policy sees it."""
    return AgentActor(row.id, row.permissions, row.project_id, row.created_by)


class LinkSession:
    """One authenticated connection of one agent."""

    def __init__(
        self, row: AgentRow, transcript: Transcript, *, acknowledged: bool, epoch: int
    ) -> None:
        self.agent_id = row.id
        self.name = row.name
        self.actor = actor_of(row)
        self.transcript = transcript
        self.acknowledged = acknowledged
        self.epoch = epoch
        self.sent_input = row.applied_input
        self.acked = 0
        self.closing: tuple[int, str] | None = None
        self.direct: deque[bytes] = deque()
        self.wake = asyncio.Event()
        self.inputs_hinted = True
        self.awaited: asyncio.Future[None] | None = None

    def push(self, frame: bytes) -> None:
        """Send this frame soon."""
        self.direct.append(frame)
        self.wake.set()

    def acknowledge_after(self, done: "asyncio.Future[None]") -> None:
        """Tell the agent once these events are durable; one write holds many frames' events."""
        if done is not self.awaited:
            self.awaited = done
            done.add_done_callback(lambda _done: self.wake.set())

    def close(self, code: int, reason: str) -> None:
        """End the connection after what is queued was sent."""
        if self.closing is None:
            self.closing = (code, reason)
        self.wake.set()
