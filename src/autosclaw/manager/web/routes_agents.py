"""REST: agents and their transcripts.

Must not decide; every verb is a service's.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from autosclaw.manager.domain.policy import Verb
from autosclaw.manager.services.agents import demand
from autosclaw.manager.web.errors import ERRORS
from autosclaw.manager.web.signin import AnyActor, Installation
from autosclaw.protocol import limits
from autosclaw.protocol.agents import (
    Agent,
    AgentsResponse,
    DespawnRequest,
    EventsPage,
    SpawnRequest,
    SpawnResponse,
)

router = APIRouter(prefix="/api", tags=["agents"], responses=ERRORS)
IdempotencyKey = Annotated[str | None, Header(max_length=100)]


@router.post("/spawn")
async def spawn(
    body: SpawnRequest, actor: AnyActor, here: Installation, idempotency_key: IdempotencyKey = None
) -> SpawnResponse:
    """Start an agent. The same Idempotency-Key gives the same agent again."""
    made = await here.agents.spawn(actor, body, idempotency_key)
    return SpawnResponse(agent_id=made.agent_id, name=made.name)


@router.post("/despawn")
async def despawn(body: DespawnRequest, actor: AnyActor, here: Installation) -> SpawnResponse:
    """Stop an agent; its container is gone within 15 s."""
    made = await here.agents.stop(actor, body.agent_id)
    return SpawnResponse(agent_id=made.agent_id, name=made.name)


@router.get("/agents")
async def agents(
    actor: AnyActor,
    here: Installation,
    only_self: Annotated[bool, Query(alias="self")] = False,
    include_deleted: bool = False,
) -> AgentsResponse:
    """Agents the caller may see, newest first."""
    found = await here.agents.listing(actor, only_self=only_self, include_deleted=include_deleted)
    return AgentsResponse(agents=found)


@router.get("/agents/{agent_id}")
async def agent(agent_id: str, actor: AnyActor, here: Installation) -> Agent:
    """One agent."""
    return await here.agents.get(actor, agent_id)


@router.get("/agents/{agent_id}/events", response_model=EventsPage)
async def events(
    agent_id: str,
    actor: AnyActor,
    here: Installation,
    before: Annotated[int | None, Query(ge=1, le=limits.COUNT_MAX)] = None,
    after: Annotated[int | None, Query(ge=0, le=limits.COUNT_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=limits.PAGE_EVENTS_MAX)] = limits.PAGE_EVENTS,
) -> Response:
    """A page of a transcript: the newest events, those before, or those after a number."""
    demand(actor, Verb.AGENT_WATCH)
    rows, last = await here.transcripts.page(
        agent_id, before=before, after=after, limit=limit, max_bytes=limits.PAGE_BYTES
    )
    first = rows[0][0] if rows else (after or last) + 1
    end = rows[-1][0] if rows else first - 1
    head = (
        f'{{"agentId":"{agent_id}","first":{first},"last":{last},'
        f'"hasBefore":{str(first > 1).lower()},"hasAfter":{str(end < last).lower()},"events":['
    )
    text = head + ",".join(event for _, event in rows) + "]}"
    return Response(text, media_type="application/json")
