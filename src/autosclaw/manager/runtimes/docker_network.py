"""The bridge network of one installation's boxes: found or made, safe with two makers at once.

Must not touch a network that does not carry this installation's label.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

from autosclaw.manager.runtimes.base import RuntimeRejected
from autosclaw.manager.runtimes.docker_engine import Engine
from autosclaw.manager.runtimes.docker_failures import EngineError
from autosclaw.manager.runtimes.docker_spec import (
    LABEL_INSTALLATION,
    Json,
    Naming,
    entries,
    entry_of,
    labels_of,
    network_body,
)

ROUTES = Path("/proc/net/route")
DEVICES = Path("/sys/class/net")


class Network:
    """Finds the network's id and gateway, making the network when it is missing.

    Raises EngineError for the engine's refusals.
    """

    def __init__(self, engine: Engine, naming: Naming) -> None:
        self._engine = engine
        self._naming = naming
        self._lock = asyncio.Lock()
        self._found: Json | None = None
        self._addresses: list[Json] | None = None

    async def id(self, podman: bool) -> str:
        """By id, never by name: an engine that holds a name twice refuses the name."""
        return str((await self._ready(podman))["Id"])

    async def gateway(self, podman: bool) -> str:
        """The address of this machine on the network. Raises RuntimeRejected when it has none."""
        found = await self._ready(podman)
        for config in _addresses(found):
            if config.get("Gateway"):
                return str(config["Gateway"]).partition("/")[0]
        raise RuntimeRejected(
            f"the engine tells no gateway for the network {self._naming.network}: set MANAGER_HOST"
        )

    def forget(self) -> None:
        """Look again next time: the engine said that the network is missing."""
        self._found = None

    async def remove(self) -> None:
        """Remove the network; twice is safe. Refused by the engine while a box is on it."""
        async with self._lock:
            self._found = None
            found = await self._find()
            if found is not None:
                await self._withdraw(str(found["Id"]))

    async def _ready(self, podman: bool) -> Json:
        async with self._lock:
            if self._found is None:
                self._found = await self._find() or await self._make(podman)
                # The manager listens on the gateway: a network that is made again has to have it.
                self._addresses = _addresses(self._found)
            return self._found

    async def _find(self) -> Json | None:
        """The oldest of ours: every maker that raced another chooses the same one."""
        filters = json.dumps({"name": [self._naming.network]})
        answer: Any = await self._engine.call(
            "list networks", "GET", "/networks", params={"filters": filters}
        )
        # The engine's name filter matches parts of names, too.
        named = [n for n in entries(answer) if n["Name"] == self._naming.network]
        ours = [n for n in named if self._is_ours(n)]
        if named and not ours:
            raise RuntimeRejected(
                f"a network named {self._naming.network} exists and is not this installation's: "
                "remove or rename it"
            )
        return min(ours, key=lambda n: (str(n.get("Created", "")), str(n["Id"])), default=None)

    def _is_ours(self, network: Json) -> bool:
        return labels_of(network).get(LABEL_INSTALLATION) == self._naming.installation

    async def _make(self, podman: bool) -> Json:
        mtu = await asyncio.to_thread(way_out_mtu)
        body = network_body(self._naming, mtu, podman, self._addresses)
        made: str | None = None
        try:
            answer = await self._engine.call(
                "create the network", "POST", "/networks/create", body=body
            )
            made = str(answer["Id"])
        except EngineError as error:
            if not error.conflict:
                raise
        chosen = await self._find()
        if chosen is None:
            raise EngineError("find the network it just made", 503, self._naming.network)
        if made is not None and made != chosen["Id"]:
            await self._withdraw(made)
        return chosen

    async def _withdraw(self, network_id: str) -> None:
        try:
            await self._engine.call("remove the network", "DELETE", f"/networks/{network_id}")
        except EngineError as error:
            if error.status != 404:
                raise


def _addresses(network: Json) -> list[Json]:
    """Subnets and gateways of a network, as its making takes them."""
    return [
        {name: config[name] for name in ("Subnet", "Gateway") if config.get(name)}
        for config in entries(entry_of(network, "IPAM").get("Config"))
    ]


def way_out_mtu(routes: Path = ROUTES, devices: Path = DEVICES) -> int | None:
    """MTU in bytes of the device of the default route; None when there is none to be seen.

    A bridge with a greater one than the way out loses large packets silently.
    """
    try:
        for line in routes.read_text().splitlines()[1:]:
            device, destination, *_ = line.split()
            if destination == "00000000":
                return int((devices / device / "mtu").read_text())
    except (OSError, ValueError):
        return None
    return None
