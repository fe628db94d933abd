"""Moving agents through their life: one compare-and-swap and one event per transition.

Must not decide when; the supervisor, the link and the verbs do.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from autosclaw.manager.domain.agents import Cause, sources
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store import agents, questions
from autosclaw.manager.store.database import Tx
from autosclaw.manager.store.times import to_text
from autosclaw.protocol.agents import ENDED, State
from autosclaw.protocol.events import Event, StateChanged

# Coming and going of a socket is not worth a line in the transcript.
_QUIET = frozenset(
    {State.CREATING, State.RUNNING, State.WAITING, State.DISCONNECTED, State.DRAINING}
)


def apply(
    tx: Tx,
    agent_id: str,
    new: State,
    cause: Cause,
    now: datetime,
    *,
    reason: str | None = None,
    by: str | None = None,
    **changes: Any,
) -> list[Event] | None:
    """The transition inside a transaction. None: the agent was in no state that allows it."""
    if new in ENDED:
        changes |= {"ended_at": to_text(now), "token": None, "missing_since": None}
        changes.setdefault("exit_reason", reason)
    if not agents.move(tx, agent_id, sources(new, cause), new, now, **changes):
        return None
    if new in ENDED:
        questions.close_all(tx, agent_id, now)
    if new in _QUIET:
        return []
    return [StateChanged(agent_id=agent_id, state=new, reason=reason, by=by)]


class Life:
    """Transitions that stand alone."""

    def __init__(self, transcripts: Transcripts, fleet: Fleet) -> None:
        self._transcripts = transcripts
        self._fleet = fleet
        self.on_ended: list[Callable[[str], None]] = []

    async def move(
        self,
        agent_id: str,
        new: State,
        cause: Cause,
        *,
        reason: str | None = None,
        by: str | None = None,
        **changes: Any,
    ) -> bool:
        """Move one agent on; False when it was in no state that allows it. Twice is safe."""
        moved = False

        def build(tx: Tx, now: datetime) -> list[Event]:
            nonlocal moved
            made = apply(tx, agent_id, new, cause, now, reason=reason, by=by, **changes)
            moved = made is not None
            return made or []

        await self._transcripts.record(agent_id, build)
        if moved:
            self.announce(agent_id, new)
        return moved

    def announce(self, agent_id: str, new: State) -> None:
        """Tell pages of a transition that was committed."""
        if new in ENDED:
            self._fleet.forget(agent_id)
            for listener in self.on_ended:
                listener(agent_id)
        self._fleet.touch(agent_id)
