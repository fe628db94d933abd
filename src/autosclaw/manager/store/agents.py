"""Agents in the database: rows in and out, transitions by compare-and-swap.

Must not decide; the caller says which states a move may start from.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, literal, or_, select, update

from autosclaw.manager.store.tables import agents
from autosclaw.manager.store.times import from_text, to_text
from autosclaw.protocol.agents import ENDED, PUBLIC_STATUS, Desired, Permission, State


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent as it is recorded; money in nano-USD (1e-9 USD)."""

    id: str
    name: str
    token: str | None
    purpose: str
    system_prompt: str
    cost_nano_usd: int
    cost_unknown: bool
    metered: bool
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    state: State
    state_since: datetime
    desired: Desired
    permissions: frozenset[Permission]
    project_id: str | None
    created_by: str | None
    parent_id: str | None
    model: str
    keep_alive_seconds: int | None
    spawn_key: str | None
    boot: int
    epoch: int
    last_seq: int
    last_source_seq: int
    last_input: int
    applied_input: int
    exit_outcome: str | None
    exit_reason: str | None
    missing_since: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    deleted_at: datetime | None


_COLUMNS = [agents.c[field.name] for field in fields(AgentRow)]
_TIMES = frozenset({"state_since", "missing_since", "created_at"}) | {
    "started_at",
    "ended_at",
    "deleted_at",
}

# Built once: they run with every request, every change of the fleet, every commit of an agent.
_SELECT = select(*_COLUMNS)
_BY_ID = _SELECT.where(agents.c.id == bindparam("of"))
_BY_TOKEN = _SELECT.where(agents.c.token == bindparam("digest"))
_AMONG = _SELECT.where(agents.c.id.in_(bindparam("ids", expanding=True)))
_ADVANCE = (
    update(agents)
    .where(
        agents.c.id == bindparam("of"),
        agents.c.last_seq == bindparam("old_seq"),
        agents.c.last_source_seq == bindparam("old_source_seq"),
    )
    .values(last_seq=bindparam("new_seq"), last_source_seq=bindparam("new_source_seq"))
)


def permissions_text(permissions: Collection[Permission]) -> str:
    """As the contract's column holds them: comma-separated."""
    return ",".join(sorted(permissions))


def _row(row: Row[*tuple[Any, ...]]) -> AgentRow:
    values = dict(row._mapping)  # pyright: ignore[reportPrivateUsage]
    for name in _TIMES:
        values[name] = from_text(values[name]) if values[name] else None
    values["state"] = State(values["state"])
    values["desired"] = Desired(values["desired"])
    texts = [text for text in values["permissions"].split(",") if text]
    values["permissions"] = frozenset(Permission(text) for text in texts)
    return AgentRow(**values)


def insert(tx: Connection, values: dict[str, Any], now: datetime) -> None:
    """A new agent in state requested. Raises IntegrityError when its spawn_key is taken."""
    tx.execute(
        agents.insert(),
        {
            "status": PUBLIC_STATUS[State.REQUESTED],
            "state": State.REQUESTED,
            "desired": Desired.RUN,
            "state_since": to_text(now),
            "created_at": to_text(now),
            **values,
        },
    )


def get(tx: Connection, agent_id: str) -> AgentRow | None:
    """One agent, archived or not."""
    row = tx.execute(_BY_ID, {"of": agent_id}).one_or_none()
    return _row(row) if row else None


def by_token_hash(tx: Connection, digest: str) -> AgentRow | None:
    """The agent whose running boot has this token hash."""
    row = tx.execute(_BY_TOKEN, {"digest": digest}).one_or_none()
    return _row(row) if row else None


def by_spawn_key(tx: Connection, key: str) -> AgentRow | None:
    """The agent a spawn with this key already made."""
    row = tx.execute(select(*_COLUMNS).where(agents.c.spawn_key == key)).one_or_none()
    return _row(row) if row else None


def many(tx: Connection, ids: Collection[str]) -> list[AgentRow]:
    """The agents among `ids` that exist."""
    rows = tx.execute(_AMONG, {"ids": list(ids)}).all()
    return [_row(row) for row in rows]


def listing(tx: Connection, *, include_deleted: bool, limit: int) -> list[AgentRow]:
    """Newest first; archived ones only when asked."""
    query = select(*_COLUMNS).order_by(agents.c.created_at.desc(), agents.c.id).limit(limit)
    if not include_deleted:
        query = query.where(agents.c.state != State.ARCHIVED)
    return [_row(row) for row in tx.execute(query).all()]


def current(tx: Connection, ended_limit: int) -> list[AgentRow]:
    """Every agent that has not ended, and the newest `ended_limit` ended ones; newest first."""
    ended = select(*_COLUMNS).where(
        agents.c.state.in_([state for state in ENDED if state is not State.ARCHIVED])
    )
    ended = ended.order_by(agents.c.ended_at.desc()).limit(ended_limit)
    rows = unended(tx) + [_row(row) for row in tx.execute(ended).all()]
    return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)


def unended(tx: Connection) -> list[AgentRow]:
    """Every agent the supervisor has to care for."""
    return [_row(row) for row in tx.execute(select(*_COLUMNS).where(_unended())).all()]


def _unended() -> ColumnElement[bool]:
    return agents.c.state.not_in(list(ENDED))


def count_unended(tx: Connection) -> int:
    """How many agents have not ended."""
    return int(tx.execute(select(func.count()).where(_unended())).scalar_one())


def move(
    tx: Connection,
    agent_id: str,
    sources: Collection[State],
    new: State,
    now: datetime,
    **changes: Any,
) -> bool:
    """Compare-and-swap the state; `changes` ride along. False: it was in none of `sources`."""
    statement = (
        update(agents)
        .where(agents.c.id == agent_id, agents.c.state.in_(list(sources)))
        .values(state=new, status=PUBLIC_STATUS[new], state_since=to_text(now), **changes)
    )
    return tx.execute(statement).rowcount == 1


def change(tx: Connection, agent_id: str, **values: Any) -> None:
    """Set columns that are not part of a transition."""
    tx.execute(update(agents).where(agents.c.id == agent_id).values(**values))


def advance(tx: Connection, agent_id: str, expected: tuple[int, int], new: tuple[int, int]) -> bool:
    """Move (last_seq, last_source_seq) on; False: the transcript is not where we thought."""
    values = {
        "of": agent_id,
        "old_seq": expected[0],
        "old_source_seq": expected[1],
        "new_seq": new[0],
        "new_source_seq": new[1],
    }
    return tx.execute(_ADVANCE, values).rowcount == 1


def next_epoch(tx: Connection, agent_id: str) -> int:
    """Number a new connection of this agent; older ones are fenced."""
    statement = update(agents).where(agents.c.id == agent_id).values(epoch=agents.c.epoch + 1)
    return int(tx.execute(statement.returning(agents.c.epoch)).scalar_one())


def next_input(tx: Connection, agent_id: str) -> int:
    """Number a new input of this agent."""
    statement = (
        update(agents).where(agents.c.id == agent_id).values(last_input=agents.c.last_input + 1)
    )
    return int(tx.execute(statement.returning(agents.c.last_input)).scalar_one())


def add_usage(tx: Connection, agent_id: str, added: dict[str, int], *, unknown: bool) -> None:
    """Add one metered request to the agent's totals.

    The first one replaces whatever the agent itself has reported: the gateway is the authority.
    """
    changed = tx.execute(
        update(agents)
        .where(agents.c.id == agent_id, ~agents.c.metered)
        .values(metered=True, cost_unknown=unknown, **added)
    ).rowcount
    if not changed:
        totals = {name: agents.c[name] + value for name, value in added.items()}
        tx.execute(
            update(agents)
            .where(agents.c.id == agent_id)
            .values(cost_unknown=or_(agents.c.cost_unknown, literal(unknown)), **totals)
        )


def report_usage(tx: Connection, agent_id: str, totals: dict[str, int]) -> bool:
    """Totals as a plain agent reports them; ignored (False) once the gateway has metered it."""
    statement = update(agents).where(agents.c.id == agent_id, ~agents.c.metered).values(**totals)
    return tx.execute(statement).rowcount == 1
