"""The verbs of talking to an agent: chat, answer, interrupt.

Each is a numbered input row, committed before it is acknowledged and delivered until applied
(G5, G6). Must not know sockets: delivery is the link's.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import msgspec

from autosclaw.manager.domain.agents import Cause
from autosclaw.manager.domain.policy import Actor, Verb
from autosclaw.manager.services import life
from autosclaw.manager.services.agents import actor_name, demand
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store import agents, inputs, questions
from autosclaw.manager.store.agents import AgentRow
from autosclaw.manager.store.database import Tx
from autosclaw.manager.store.questions import QuestionRow, QuestionState
from autosclaw.protocol import ids, limits
from autosclaw.protocol.agents import ENDED, State
from autosclaw.protocol.errors import bad_input, conflict, not_found
from autosclaw.protocol.events import Answered, Event, Output


class Conversations:
    """Chat, answer, interrupt."""

    def __init__(self, transcripts: Transcripts, fleet: Fleet) -> None:
        self._transcripts = transcripts
        self._fleet = fleet
        self.hint: Callable[[str], None] = lambda _agent_id: None

    async def chat(self, actor: Actor, agent_id: str, message: str, key: str | None = None) -> int:
        """Say something to an agent; returns the input's number.

        `key`: the same key for the same agent is the same message. Raises not_found, forbidden,
        conflict (ended), bad_input.
        """
        if not message.strip():
            raise bad_input("message: say something; it is empty.")
        if len(message) > limits.CHAT_CHARS:
            raise bad_input(f"message: at most {limits.CHAT_CHARS} characters.")
        by = actor_name(actor)
        number = 0

        def build(tx: Tx, now: datetime) -> list[Event]:
            nonlocal number
            _writable(tx, agent_id, actor, Verb.AGENT_CHAT)
            if key is not None and (there := inputs.by_key(tx, agent_id, key)) is not None:
                number = there
                return []
            payload = {"message": message}
            number = _add(tx, agent_id, inputs.Kind.CHAT, payload, by, key, now)
            said = Output(
                agent_id=agent_id, msg_type="user_input", content=message, by=by, input=number
            )
            return [said]

        await self._transcripts.record(agent_id, build)
        self.hint(agent_id)
        return number

    async def answer(
        self, actor: Actor, agent_id: str, answers: dict[str, Any], question_id: str | None
    ) -> int:
        """Answer the agent's open question (or the one named); the first answer wins.

        Raises not_found, forbidden, conflict (nothing to answer, or somebody was first),
        bad_input.
        """
        by = actor_name(actor)
        number = 0

        def build(tx: Tx, now: datetime) -> list[Event]:
            nonlocal number
            _writable(tx, agent_id, actor, Verb.AGENT_ANSWER)
            question = _answerable(tx, agent_id, question_id)
            checked = check_answers(answers)
            text = msgspec.json.encode(checked).decode()
            questions.close(
                tx, question.id, QuestionState.ANSWERED, now, answers=text, answered_by=by
            )
            payload = {"questionId": question.id, "answers": checked}
            number = _add(tx, agent_id, inputs.Kind.ANSWER, payload, by, None, now)
            if questions.newest_open(tx, agent_id) is None:
                life.apply(tx, agent_id, State.RUNNING, Cause.PERSON, now)
            said = Answered(agent_id=agent_id, id=question.id, answers=checked, by=by, input=number)
            return [said]

        await self._transcripts.record(agent_id, build)
        self._fleet.touch(agent_id)
        self.hint(agent_id)
        return number

    async def interrupt(self, actor: Actor, agent_id: str) -> int:
        """End the agent's running turn; its session stays.

        Raises not_found, forbidden, conflict (ended).
        """
        by = actor_name(actor)
        number = 0

        def build(tx: Tx, now: datetime) -> list[Event]:
            nonlocal number
            _writable(tx, agent_id, actor, Verb.AGENT_INTERRUPT)
            number = _add(tx, agent_id, inputs.Kind.INTERRUPT, {}, by, None, now)
            said = Output(
                agent_id=agent_id,
                msg_type="system",
                kind="interrupt",
                content=f"Interrupted by {by}.",
                by=by,
                input=number,
            )
            return [said]

        await self._transcripts.record(agent_id, build)
        self.hint(agent_id)
        return number


def check_answers(answers: dict[str, Any]) -> dict[str, str | list[str]]:
    """Answers as the agent may get them: question text → label, labels or typed text.

    Raises bad_input.
    """
    if not answers:
        raise bad_input("answers: give at least one answer.")
    if len(answers) > limits.QUESTIONS + 1:
        raise bad_input(f"answers: at most {limits.QUESTIONS} questions at a time.")
    checked: dict[str, str | list[str]] = {}
    for question, answer in answers.items():
        parts = cast("list[Any]", answer) if isinstance(answer, list) else [answer]
        if len(parts) > limits.QUESTION_OPTIONS + 1:
            raise bad_input(f"answers: at most {limits.QUESTION_OPTIONS} choices a question.")
        for part in parts:
            if not isinstance(part, str) or len(part) > limits.ANSWER_CHARS:
                raise bad_input(
                    "answers: each is a text (or a list of texts) of at most"
                    f" {limits.ANSWER_CHARS} characters."
                )
        checked[question] = parts if isinstance(answer, list) else parts[0]
    return checked


def _answerable(tx: Tx, agent_id: str, question_id: str | None) -> QuestionRow:
    if question_id is None:
        found = questions.newest_open(tx, agent_id)
        if found is None:
            raise conflict("This agent is not waiting for an answer.")
        return found
    found = questions.get(tx, question_id)
    if found is None or found.agent_id != agent_id:
        raise not_found("There is no such question.")
    if found.state is QuestionState.ANSWERED:
        raise conflict(f"{found.answered_by} answered this first.")
    if found.state is not QuestionState.OPEN:
        raise conflict(f"This question is closed ({found.state}).")
    return found


def _writable(tx: Tx, agent_id: str, actor: Actor, verb: Verb) -> AgentRow:
    row = agents.get(tx, agent_id)
    if row is None:
        raise not_found("There is no such agent.")
    demand(actor, verb, row)
    if row.state in ENDED:
        raise conflict(f"{row.name} has ended; it cannot hear you any more.")
    if row.state is State.STOPPING:
        raise conflict(f"{row.name} is stopping; it cannot hear you any more.")
    return row


def _add(
    tx: Tx,
    agent_id: str,
    kind: inputs.Kind,
    payload: dict[str, Any],
    by: str,
    key: str | None,
    now: datetime,
) -> int:
    return inputs.add(
        tx,
        agent_id,
        input_id=ids.new_id(),
        kind=kind,
        payload=msgspec.json.encode(payload).decode(),
        created_by=by,
        key=key,
        now=now,
    )
