"""What an agent's events change besides the transcript, in the same transaction.

A question opens a row and makes the agent wait; a last word is kept for its ending. Must not
raise on what an agent says: its events are never refused for their effects.
"""

from collections.abc import Sequence

import msgspec

from autosclaw.manager.domain.agents import Cause
from autosclaw.manager.services import life
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.transcripts import Effect
from autosclaw.manager.store import agents, questions
from autosclaw.manager.store.database import Tx
from autosclaw.manager.store.questions import QuestionState
from autosclaw.protocol import events, ids, limits
from autosclaw.protocol.agents import State
from autosclaw.protocol.events import AgentEvent

_ID_CHARS = 64
_TELLING = (events.AskUser, events.AskClosed, events.Exited)
_CLOSED: dict[str, QuestionState] = {
    "answered": QuestionState.ANSWERED,
    "interrupted": QuestionState.INTERRUPTED,
    "expired": QuestionState.EXPIRED,
    "ended": QuestionState.ENDED,
}


def effects_of(agent_id: str, seen: Sequence[AgentEvent], clock: Clock) -> Effect | None:
    """One function that applies what `seen` means, or None when it means nothing."""
    telling = [event for event in seen if isinstance(event, _TELLING)]
    if not telling:
        return None

    def run(tx: Tx) -> None:
        for event in telling:
            if isinstance(event, events.AskUser):
                _asked(tx, agent_id, event, clock)
            elif isinstance(event, events.AskClosed):
                _ask_closed(tx, agent_id, event, clock)
            else:
                _exited(tx, agent_id, event)

    return run


def _asked(tx: Tx, agent_id: str, event: events.AskUser, clock: Clock) -> None:
    asked = msgspec.json.encode(event.questions[: limits.QUESTIONS]).decode()
    question_id = event.id[:_ID_CHARS] if event.id else ids.new_id()
    there = questions.get(tx, question_id)
    if there is not None and there.agent_id != agent_id:
        question_id = ids.new_id()  # no agent reaches another's question by naming it
    questions.open_(tx, question_id, agent_id, event.kind, asked, clock())
    life.apply(tx, agent_id, State.WAITING, Cause.SELF, clock())


def _ask_closed(tx: Tx, agent_id: str, event: events.AskClosed, clock: Clock) -> None:
    there = questions.get(tx, event.id[:_ID_CHARS])
    if there is None or there.agent_id != agent_id:
        return
    questions.close(tx, there.id, _CLOSED[event.reason], clock())
    row = agents.get(tx, agent_id)
    waiting = row is not None and row.state is State.WAITING
    if waiting and questions.newest_open(tx, agent_id) is None:
        life.apply(tx, agent_id, State.RUNNING, Cause.SELF, clock())


def _exited(tx: Tx, agent_id: str, event: events.Exited) -> None:
    row = agents.get(tx, agent_id)
    changes = {"exit_outcome": event.outcome}
    if row is not None and row.state is not State.STOPPING and event.reason:
        changes["exit_reason"] = event.reason[: limits.PURPOSE_CHARS]
    agents.change(tx, agent_id, **changes)
