"""The fleet as pages see it: agent objects from rows, and who changed.

Owns the facts only memory has (connected, processing, doing); they may be lost at any instant.
Must not write rows.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

from autosclaw.manager.store import agents, questions, times
from autosclaw.manager.store.agents import AgentRow
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.questions import QuestionRow
from autosclaw.protocol import limits
from autosclaw.protocol.agents import (
    ENDED,
    PUBLIC_STATUS,
    Agent,
    OpenQuestion,
    QuestionItem,
    State,
)

RECENT_ENDED = 200
_NANO = 1_000_000_000


@dataclass(slots=True)
class Presence:
    """What is known of an agent only while it is connected."""

    connected: bool = False
    processing: bool = False
    doing: str | None = None


class Fleet:
    """All agents, and the news about them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._presence: dict[str, Presence] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._asked: list[Callable[[str, str], None]] = []

    def presence(self, agent_id: str) -> Presence:
        """The facts of memory about one agent; to be changed in place, then `touch`."""
        return self._presence.setdefault(agent_id, Presence())

    def is_connected(self, agent_id: str) -> bool:
        """Its socket is open here."""
        found = self._presence.get(agent_id)
        return found is not None and found.connected

    def forget(self, agent_id: str) -> None:
        """It ended: memory has nothing to say about it any more."""
        self._presence.pop(agent_id, None)

    def touch(self, agent_id: str) -> None:
        """Something about this agent changed."""
        for listener in self._listeners:
            listener(agent_id)

    def asked(self, agent_id: str, name: str) -> None:
        """This agent has put a question to people."""
        for listener in self._asked:
            listener(agent_id, name)

    def listen(self, changed: Callable[[str], None], asked: Callable[[str, str], None]) -> None:
        """Be told of changes and questions; called in the event loop, must return at once."""
        self._listeners.append(changed)
        self._asked.append(asked)

    async def current(self) -> list[Agent]:
        """Agents that have not ended, and the newest ended ones."""
        return await self._database.read(
            lambda tx: self._render(tx, agents.current(tx, RECENT_ENDED))
        )

    async def listing(self, *, include_deleted: bool) -> list[Agent]:
        """Agents for the REST listing, newest first."""
        return await self._database.read(
            lambda tx: self._render(
                tx,
                agents.listing(tx, include_deleted=include_deleted, limit=limits.LIST_AGENTS),
            )
        )

    async def some(self, ids: Collection[str]) -> list[Agent]:
        """The agents among `ids` that exist."""
        return await self._database.read(lambda tx: self._render(tx, agents.many(tx, ids)))

    def _render(self, tx: Tx, rows: list[AgentRow]) -> list[Agent]:
        waiting = [row.id for row in rows if row.state not in ENDED]
        asked = questions.open_of(tx, waiting) if waiting else {}
        absent = Presence()
        return [to_wire(row, self._presence.get(row.id, absent), asked.get(row.id)) for row in rows]


def to_wire(row: AgentRow, presence: Presence, question: QuestionRow | None) -> Agent:
    """The agent object of the contract."""
    return Agent(
        id=row.id,
        name=row.name,
        purpose=row.purpose,
        status=PUBLIC_STATUS[row.state],
        processing=presence.processing and row.state is State.RUNNING,
        waiting_for_ask_user=question is not None,
        costUSD=row.cost_nano_usd / _NANO,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_input_tokens=row.cache_read_input_tokens,
        cache_creation_input_tokens=row.cache_creation_input_tokens,
        created_by=row.created_by,
        permissions=sorted(row.permissions),
        project_id=row.project_id,
        state=row.state,
        exit_reason=row.exit_reason,
        cost_unknown=row.cost_unknown,
        connected=presence.connected,
        model=row.model,
        keep_alive_seconds=row.keep_alive_seconds,
        parent_id=row.parent_id,
        doing=presence.doing if row.state not in ENDED else None,
        last_seq=row.last_seq,
        question=_question(question) if question else None,
        created_at=times.to_text(row.created_at),
        started_at=times.to_text(row.started_at) if row.started_at else None,
        ended_at=times.to_text(row.ended_at) if row.ended_at else None,
        deleted_at=times.to_text(row.deleted_at) if row.deleted_at else None,
    )


def _question(row: QuestionRow) -> OpenQuestion:
    items = [QuestionItem.model_validate(item) for item in msgspec.json.decode(row.questions)]
    return OpenQuestion(id=row.id, questions=items, asked_at=row.asked_at)
