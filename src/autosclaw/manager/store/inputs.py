"""What goes down to agents: numbered rows, delivered until applied.

Must not deliver (the agent's socket does).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select, update

from autosclaw.manager.store import agents as agent_store
from autosclaw.manager.store.tables import agents, inputs
from autosclaw.manager.store.times import to_text


class Kind(StrEnum):
    """What an input asks of the runner."""

    CHAT = "chat"
    ANSWER = "answer"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True)
class InputRow:
    """One input; `payload` is JSON, `id` the UUID under which the CLI takes it in once."""

    number: int
    id: str
    kind: Kind
    payload: str


def add(
    tx: Connection,
    agent_id: str,
    *,
    input_id: str,
    kind: Kind,
    payload: str,
    created_by: str | None,
    key: str | None,
    now: datetime,
) -> int:
    """Number and keep an input; returns its number."""
    number = agent_store.next_input(tx, agent_id)
    tx.execute(
        inputs.insert(),
        {
            "agent_id": agent_id,
            "number": number,
            "id": input_id,
            "kind": kind,
            "payload": payload,
            "idempotency_key": key,
            "created_by": created_by,
            "created_at": to_text(now),
        },
    )
    return number


def by_key(tx: Connection, agent_id: str, key: str) -> int | None:
    """The number of the input that was accepted under this idempotency key."""
    query = select(inputs.c.number).where(
        inputs.c.agent_id == agent_id, inputs.c.idempotency_key == key
    )
    return tx.execute(query).scalar_one_or_none()


def pending(tx: Connection, agent_id: str, after: int, limit: int) -> list[InputRow]:
    """Inputs numbered above `after`, in order."""
    query = (
        select(inputs.c.number, inputs.c.id, inputs.c.kind, inputs.c.payload)
        .where(inputs.c.agent_id == agent_id, inputs.c.number > after)
        .order_by(inputs.c.number)
        .limit(limit)
    )
    return [
        InputRow(number, input_id, Kind(kind), payload)
        for number, input_id, kind, payload in tx.execute(query)
    ]


def applied(tx: Connection, agent_id: str, number: int, now: datetime) -> None:
    """Everything up to `number` is the runner's."""
    tx.execute(
        update(inputs)
        .where(
            inputs.c.agent_id == agent_id,
            inputs.c.number <= number,
            inputs.c.applied_at.is_(None),
        )
        .values(applied_at=to_text(now))
    )
    tx.execute(
        update(agents)
        .where(agents.c.id == agent_id, agents.c.applied_input < number)
        .values(applied_input=number)
    )
