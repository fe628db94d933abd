"""One installation's containers at one engine: create, look up, delete.

Raises EngineError for the engine's refusals, for `docker` to classify. Must not return or touch a
container without this installation's label, whatever its name.
"""

import asyncio
import json
from typing import Any

from autosclaw.manager.runtimes.base import (
    Box,
    BoxSpec,
    BoxState,
    RuntimeRejected,
    RuntimeUnavailable,
)
from autosclaw.manager.runtimes.docker_engine import Engine
from autosclaw.manager.runtimes.docker_failures import EngineError
from autosclaw.manager.runtimes.docker_spec import (
    Json,
    Naming,
    box_from_inspect,
    box_from_listing,
    entries,
    labels_of,
)

REMOVE_SECONDS = 60.0
ATTEMPTS = 5
PAUSE_SECONDS = 0.3
INSPECTIONS_AT_ONCE = 8


class Containers:
    """The engine's container calls for one installation."""

    def __init__(self, engine: Engine, naming: Naming) -> None:
        self._engine = engine
        self._naming = naming

    async def create(self, body: Json, spec: BoxSpec) -> str | None:
        """The new container's id; None when this boot's box runs already.

        A box of another boot, or one that does not run, is removed first.
        """
        name = self._naming.container(spec.agent_id)
        for attempt in range(ATTEMPTS):
            try:
                answer: Json = await self._engine.call(
                    "create the container",
                    "POST",
                    "/containers/create",
                    params={"name": name},
                    body=body,
                )
                return str(answer["Id"])
            except EngineError as error:
                if not error.conflict:
                    raise
            document = await self.document(name)
            if document is None:
                await asyncio.sleep(PAUSE_SECONDS * attempt)
                continue
            if not self._naming.owns(labels_of(document["Config"])):
                raise RuntimeRejected(
                    f"a container named {name} exists and is not this installation's: remove it"
                )
            box = box_from_inspect(document)
            if box.state is BoxState.RUNNING and box.boot == spec.boot:
                return None
            await self.delete(str(document["Id"]), force=True)
        raise RuntimeUnavailable(f"the name {name} stays taken")

    async def own(self, agent_id: str) -> Json | None:
        """The inspect document of this agent's box; None when there is none of ours."""
        document = await self.document(self._naming.container(agent_id))
        if document is None or not self._naming.owns(labels_of(document["Config"])):
            return None
        return document

    async def document(self, name_or_id: str) -> Json | None:
        """The inspect document of any container; None when it is positively missing."""
        try:
            return await self._engine.call(
                "inspect the container", "GET", f"/containers/{name_or_id}/json"
            )
        except EngineError as error:
            if error.gone:
                return None
            raise

    async def list(self) -> list[Box]:
        """All boxes; ended ones are inspected, since a listing tells no exit code."""
        filters = json.dumps({"label": [self._naming.label_filter]})
        answer: Any = await self._engine.call(
            "list containers",
            "GET",
            "/containers/json",
            params={"all": "true", "filters": filters},
        )
        # The filter is the engine's; what it lets through is checked all the same.
        ours = [entry for entry in entries(answer) if self._naming.owns(labels_of(entry))]
        gate = asyncio.Semaphore(INSPECTIONS_AT_ONCE)
        boxes = await asyncio.gather(*(self._listed(entry, gate) for entry in ours))
        return [box for box in boxes if box is not None]

    async def _listed(self, entry: Json, gate: asyncio.Semaphore) -> Box | None:
        box = box_from_listing(entry)
        if box.state is not BoxState.EXITED:
            return box
        async with gate:
            document = await self.document(str(entry["Id"]))
        return None if document is None else box_from_inspect(document)

    async def delete(self, container_id: str, *, force: bool) -> None:
        """Delete with its anonymous volumes; returns when it is gone, twice is safe.

        force: also while it runs, which kills it.
        """
        params = {"v": "true", "force": "true"} if force else {"v": "true"}
        for attempt in range(ATTEMPTS):
            try:
                await self._engine.call(
                    "remove the container",
                    "DELETE",
                    f"/containers/{container_id}",
                    params=params,
                    seconds=REMOVE_SECONDS,
                )
                return
            except EngineError as error:
                if error.gone:
                    return
                # Podman: a container that is just ending is in an "improper" state for a moment;
                # Docker: somebody else is removing it right now.
                passing = any(word in error.message for word in ("improper", "in progress"))
                if not passing or attempt + 1 == ATTEMPTS:
                    raise
            await asyncio.sleep(PAUSE_SECONDS * (attempt + 1))
