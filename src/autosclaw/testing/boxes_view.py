"""One installation's containers, networks and volumes as the engine shows them to anybody.

Must not use the runtime under test: it asks the engine itself, by label.
"""

import json
from contextlib import suppress
from typing import Any

from autosclaw.manager.runtimes.docker_engine import Engine
from autosclaw.manager.runtimes.docker_failures import EngineError
from autosclaw.manager.runtimes.docker_spec import LABEL_AGENT, LABEL_INSTALLATION, entries

Json = dict[str, Any]


class BoxesView:
    """What carries this installation's label. `volumes` remembers those of every box it saw."""

    def __init__(self, engine: Engine, installation: str) -> None:
        self._engine = engine
        self._label = f"{LABEL_INSTALLATION}={installation}"
        self._volumes: set[str] = set()

    async def all(self) -> dict[str, Json]:
        """Agent id → the engine's full document of its container."""
        filters = json.dumps({"label": [self._label]})
        params = {"all": "true", "filters": filters}
        listed = await self._engine.call("list", "GET", "/containers/json", params=params)
        found: dict[str, Json] = {}
        for entry in listed:
            with suppress(EngineError):  # gone since the listing
                document = await self.inspect(str(entry["Id"]))
                found[document["Config"]["Labels"][LABEL_AGENT]] = document
        return found

    async def inspect(self, container_id: str) -> Json:
        """The full document. Raises EngineError when it is gone."""
        document = await self._engine.call("look", "GET", f"/containers/{container_id}/json")
        mounts = entries(document.get("Mounts"))
        self._volumes |= {str(mount["Name"]) for mount in mounts if mount["Type"] == "volume"}
        return document

    async def of(self, agent_id: str) -> Json | None:
        """The container of one agent."""
        return (await self.all()).get(agent_id)

    async def gateway(self) -> str:
        """The address at which the installation's boxes reach this machine."""
        network = (await self._networks())[0]
        return str(network["IPAM"]["Config"][0]["Gateway"]).partition("/")[0]

    async def _networks(self) -> list[Json]:
        params = {"filters": json.dumps({"label": [self._label]})}
        return entries(await self._engine.call("list", "GET", "/networks", params=params))

    async def kill(self, container_id: str) -> None:
        """SIGKILL to all that runs in it."""
        await self._engine.call("kill", "POST", f"/containers/{container_id}/kill")

    async def logs(self, container_id: str) -> bytes:
        """All it wrote to its outputs, in the engine's framing."""
        path = f"/containers/{container_id}/logs"
        params = {"stdout": "1", "stderr": "1"}
        async with self._engine.stream("read the log", path, params=params) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def file(self, container_id: str, path: str) -> bytes:
        """The tar archive with one file of a container, whether it runs or not."""
        url = f"/containers/{container_id}/archive"
        async with self._engine.stream("read a file", url, params={"path": path}) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def processes(self, container_id: str) -> list[tuple[int, str]]:
        """(pid on this machine, command line) of all that runs in it."""
        path = f"/containers/{container_id}/top"
        told = await self._engine.call(
            "list processes", "GET", path, params={"ps_args": "-ww -eo pid,args"}
        )
        rows: list[list[str]] = told["Processes"] or []
        return [(int(pid), command) for pid, command in rows]

    async def volumes_left(self) -> set[str]:
        """Volumes of boxes seen here that the engine still has."""
        answer = await self._engine.call("list volumes", "GET", "/volumes")
        return self._volumes & {str(volume["Name"]) for volume in entries(answer["Volumes"])}

    async def sweep(self) -> None:
        """Remove what is left, whatever its state; fails when something stays."""
        for document in (await self.all()).values():
            params = {"force": "1", "v": "1"}
            path = f"/containers/{document['Id']}"
            with suppress(EngineError):
                await self._engine.call("remove", "DELETE", path, params=params)
        for network in await self._networks():
            await self._engine.call("remove", "DELETE", f"/networks/{network['Id']}")
        assert not await self.all()
        assert not await self.volumes_left()

    async def close(self) -> None:
        """Close the connections to the engine."""
        await self._engine.close()
