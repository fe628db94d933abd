"""The verbs about agents: spawn, stop, list.

Every door (REST, page, agent, later schedules) comes here. Must not start containers: a spawn
is a row that says "wanted", the supervisor does the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from autosclaw.manager.domain.agents import Cause
from autosclaw.manager.domain.policy import Actor, AgentActor, Subject, UserActor, Verb, authorize
from autosclaw.manager.services import life
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store import agents, inputs, messages
from autosclaw.manager.store.agents import AgentRow
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.times import to_text
from autosclaw.protocol import events, ids
from autosclaw.protocol.agents import (
    ENDED,
    UNTITLED,
    Agent,
    Desired,
    Permission,
    SpawnRequest,
    State,
)
from autosclaw.protocol.errors import bad_input, conflict, forbidden, not_found, unavailable


@dataclass(frozen=True, slots=True)
class Spawned:
    """The agent a spawn made, or had made before under the same key."""

    agent_id: str
    name: str


def subject_of(row: AgentRow) -> Subject:
    """What policy has to know of an agent."""
    return Subject(row.id, row.created_by, row.project_id)


def demand(actor: Actor, verb: Verb, row: AgentRow | None = None) -> None:
    """Raises forbidden with the reason when policy says no."""
    refusal = authorize(actor, verb, subject_of(row) if row else None)
    if refusal is not None:
        raise forbidden(refusal)


def actor_name(actor: Actor) -> str:
    """How events and rows name who did it."""
    return actor.username if isinstance(actor, UserActor) else f"agent {actor.id}"


class AgentService:
    """Spawn, stop and list."""

    def __init__(
        self,
        database: Database,
        transcripts: Transcripts,
        fleet: Fleet,
        clock: Clock,
        default_model: str,
    ) -> None:
        self._database = database
        self._transcripts = transcripts
        self._fleet = fleet
        self._clock = clock
        self._default_model = default_model
        self.accepting = True
        self.hint: Callable[[str], None] = lambda _agent_id: None

    async def spawn(self, actor: Actor, wanted: SpawnRequest, key: str | None = None) -> Spawned:
        """Accept a new agent; it starts within 120 s or fails with a reason (G7).

        `key`: the same key by the same actor gives the same agent again. Raises forbidden,
        bad_input, unavailable (shutting down).
        """
        demand(actor, Verb.AGENT_SPAWN)
        if not self.accepting:
            raise unavailable("The manager is shutting down; try again in a moment.")
        if wanted.project_id is not None:
            raise bad_input("projectId: there is no such project.")
        values = self._values(actor, wanted, key)

        def job(tx: Tx) -> Spawned:
            if values["spawn_key"] is not None:
                there = agents.by_spawn_key(tx, values["spawn_key"])
                if there is not None:
                    return Spawned(there.id, there.name)
            _insert(tx, values, actor_name(actor), self._clock())
            return Spawned(values["id"], values["name"])

        made = await self._database.write(job)
        self._fleet.touch(made.agent_id)
        self.hint(made.agent_id)
        return made

    def _values(self, actor: Actor, wanted: SpawnRequest, key: str | None) -> dict[str, Any]:
        asked = frozenset(wanted.permissions or ())
        if isinstance(actor, AgentActor):
            granted = actor.permissions if wanted.permissions is None else asked
            if not granted <= actor.permissions:
                missing = ", ".join(sorted(granted - actor.permissions))
                raise forbidden(f"An agent cannot grant what it lacks: {missing}.")
            owner, parent, project = actor.owner, actor.id, actor.project_id
        else:
            granted: frozenset[Permission] = asked
            owner, parent, project = actor.username, None, None
        return {
            "id": ids.new_id(),
            "name": wanted.name or UNTITLED,
            "purpose": wanted.purpose,
            "system_prompt": wanted.system_prompt,
            "permissions": agents.permissions_text(granted),
            "created_by": owner,
            "parent_id": parent,
            "project_id": project,
            "model": wanted.model or self._default_model,
            "keep_alive_seconds": wanted.keep_alive_seconds,
            "spawn_key": f"{actor.id}:{key}" if key else None,
        }

    async def stop(self, actor: Actor, agent_id: str) -> Spawned:
        """Accept a stop: it is never forgotten, and the container is gone within 15 s (G9).

        An agent that is stopping already stays so. Raises not_found, forbidden, conflict (ended).
        """
        name = ""

        def build(tx: Tx, now: datetime) -> list[events.Event]:
            nonlocal name
            row = agents.get(tx, agent_id)
            if row is None:
                raise not_found("There is no such agent.")
            demand(actor, Verb.AGENT_STOP, row)
            name = row.name
            if row.state in ENDED:
                raise conflict(f"{row.name} has already ended.")
            if row.state is State.STOPPING:
                if isinstance(actor, AgentActor):
                    raise conflict(f"{row.name} is already stopping.")
                return []
            cause = Cause.AGENT if isinstance(actor, AgentActor) else Cause.PERSON
            return request_stop(tx, row, cause, actor_name(actor), now)

        await self._transcripts.record(agent_id, build)
        self._fleet.touch(agent_id)
        self.hint(agent_id)
        return Spawned(agent_id, name)

    async def stop_all(self, reason: str) -> int:
        """Shutdown: ask every agent to stop; returns how many there are."""
        rows = await self._database.read(agents.unended)
        for row in rows:

            def build(tx: Tx, now: datetime, agent_id: str = row.id) -> list[events.Event]:
                fresh = agents.get(tx, agent_id)
                if fresh is None or fresh.state in ENDED or fresh.state is State.STOPPING:
                    return []
                return request_stop(tx, fresh, Cause.SHUTDOWN, reason, now)

            await self._transcripts.record(row.id, build)
            self.hint(row.id)
        return len(rows)

    async def count_live(self) -> int:
        """How many agents have not ended."""
        return await self._database.read(agents.count_unended)

    async def listing(
        self, actor: Actor, *, only_self: bool = False, include_deleted: bool = False
    ) -> list[Agent]:
        """Agents the actor may see, newest first. Raises forbidden."""
        demand(actor, Verb.AGENT_LIST)
        found = await self._fleet.listing(include_deleted=include_deleted)
        if isinstance(actor, AgentActor):
            found = [a for a in found if a.created_by == actor.owner]
            found = [a for a in found if a.project_id == actor.project_id]
        for agent in found:
            agent.is_self = agent.id == actor.id
        return [agent for agent in found if agent.is_self] if only_self else found

    async def get(self, actor: Actor, agent_id: str) -> Agent:
        """One agent. Raises not_found, forbidden."""
        demand(actor, Verb.AGENT_LIST)
        found = await self._fleet.some([agent_id])
        if isinstance(actor, AgentActor):
            found = [a for a in found if a.created_by == actor.owner]
            found = [a for a in found if a.project_id == actor.project_id]
        if not found:
            raise not_found("There is no such agent.")
        return found[0]


def request_stop(tx: Tx, row: AgentRow, cause: Cause, by: str, now: datetime) -> list[events.Event]:
    """Desired = stop, state = stopping, in the caller's transaction."""
    made = life.apply(
        tx,
        row.id,
        State.STOPPING,
        cause,
        now,
        by=by,
        desired=Desired.STOP,
        exit_reason=f"Stopped by {by}.",
    )
    if made is None:
        raise conflict(f"{row.name} cannot be stopped right now ({row.state}).")
    return made


def _insert(tx: Tx, values: dict[str, Any], by: str, now: datetime) -> None:
    agents.insert(tx, values, now)
    prompt = values["system_prompt"]
    if not prompt:
        return
    agent_id = values["id"]
    number = inputs.add(
        tx,
        agent_id,
        input_id=ids.new_id(),
        kind=inputs.Kind.CHAT,
        payload=msgspec.json.encode({"message": prompt}).decode(),
        created_by=by,
        key=None,
        now=now,
    )
    event = events.Output(
        agent_id=agent_id,
        at=to_text(now),
        msg_type="user_input",
        content=prompt,
        by=by,
        input=number,
    )
    text = events.encode(event).decode()
    messages.append(tx, agent_id, [messages.MessageRow(1, None, "output", text, to_text(now))])
    agents.advance(tx, agent_id, (0, 0), (1, 0))
