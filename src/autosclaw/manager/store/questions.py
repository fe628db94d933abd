"""Questions agents put to people: one row each, answered once.

Must not know how an answer travels.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from autosclaw.manager.store.tables import questions
from autosclaw.manager.store.times import to_text


class QuestionState(StrEnum):
    """Open until one of the others; the first answer wins."""

    OPEN = "open"
    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question; `questions` is the JSON list as asked."""

    id: str
    agent_id: str
    kind: str
    questions: str
    state: QuestionState
    answered_by: str | None
    asked_at: str


_COLUMNS = (
    questions.c.id,
    questions.c.agent_id,
    questions.c.kind,
    questions.c.questions,
    questions.c.state,
    questions.c.answered_by,
    questions.c.asked_at,
)

_OPEN_OF = (
    select(*_COLUMNS)
    .where(
        questions.c.agent_id.in_(bindparam("ids", expanding=True)),
        questions.c.state == QuestionState.OPEN,
    )
    .order_by(questions.c.asked_at)
)


def _row(row: Row[*tuple[Any, ...]]) -> QuestionRow:
    return QuestionRow(row[0], row[1], row[2], row[3], QuestionState(row[4]), row[5], row[6])


def open_(
    tx: Connection, question_id: str, agent_id: str, kind: str, asked: str, now: datetime
) -> None:
    """Keep a new question; one that is there already stays as it is."""
    if get(tx, question_id) is None:
        tx.execute(
            questions.insert(),
            {
                "id": question_id,
                "agent_id": agent_id,
                "kind": kind,
                "questions": asked,
                "state": QuestionState.OPEN,
                "asked_at": to_text(now),
            },
        )


def get(tx: Connection, question_id: str) -> QuestionRow | None:
    """One question."""
    row = tx.execute(select(*_COLUMNS).where(questions.c.id == question_id)).one_or_none()
    return _row(row) if row else None


def newest_open(tx: Connection, agent_id: str) -> QuestionRow | None:
    """The question an agent waits for, if any."""
    return open_of(tx, [agent_id]).get(agent_id)


def open_of(tx: Connection, agent_ids: Collection[str]) -> dict[str, QuestionRow]:
    """The newest open question of each agent that has one."""
    found = tx.execute(_OPEN_OF, {"ids": list(agent_ids)})
    return {row[1]: _row(row) for row in found}


def close(
    tx: Connection,
    question_id: str,
    state: QuestionState,
    now: datetime,
    *,
    answers: str | None = None,
    answered_by: str | None = None,
) -> bool:
    """Close an open question; False when it was not open (somebody was first)."""
    statement = (
        update(questions)
        .where(questions.c.id == question_id, questions.c.state == QuestionState.OPEN)
        .values(state=state, closed_at=to_text(now), answers=answers, answered_by=answered_by)
    )
    return tx.execute(statement).rowcount == 1


def close_all(tx: Connection, agent_id: str, now: datetime) -> None:
    """The agent ended: nothing of it can be answered any more."""
    tx.execute(
        update(questions)
        .where(questions.c.agent_id == agent_id, questions.c.state == QuestionState.OPEN)
        .values(state=QuestionState.ENDED, closed_at=to_text(now))
    )
