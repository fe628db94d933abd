"""One network for an installation, whoever makes it first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from autosclaw.manager.runtimes.base import RuntimeRejected
from autosclaw.manager.runtimes.docker_engine import Engine
from autosclaw.manager.runtimes.docker_failures import EngineError
from autosclaw.manager.runtimes.docker_network import Network, way_out_mtu
from autosclaw.manager.runtimes.docker_spec import LABEL_INSTALLATION, Naming

NAMING = Naming("installation-1")


def network(number: int, installation: str = "installation-1", name: str = "") -> dict[str, Any]:
    return {
        "Id": f"id{number}",
        "Name": name or NAMING.network,
        "Created": f"2026-01-0{number}",
        "Labels": {LABEL_INSTALLATION: installation},
        "IPAM": {"Config": [{"Subnet": "172.30.0.0/16", "Gateway": f"172.30.0.{number}"}]},
    }


class EngineWithNetworks(Engine):
    """Holds networks; `rival` appears at the moment we make ours, as with two makers at once."""

    def __init__(self, *networks: dict[str, Any], rival: dict[str, Any] | None = None) -> None:
        super().__init__("unix:///nowhere")
        self.networks = list(networks)
        self.rival = rival
        self.refuses_twins = False

    async def call(
        self,
        action: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        seconds: float = 0,
    ) -> Any:
        if method == "GET":
            return list(self.networks)
        if method == "DELETE":
            gone = path.rpartition("/")[2]
            self.networks = [n for n in self.networks if n["Id"] != gone]
            return None
        if self.rival is not None:
            self.networks.append(self.rival)
            if self.refuses_twins:
                raise EngineError(action, 409, "network exists already")
        self.networks.append(network(5))
        return {"Id": "id5"}


async def test_a_network_is_made_once_and_found_again() -> None:
    engine = EngineWithNetworks(network(3, name=NAMING.network + "-longer"))
    ours = Network(engine, NAMING)
    assert await ours.id(False) == await ours.id(False) == "id5"
    assert await Network(engine, NAMING).gateway(False) == "172.30.0.5"
    assert len(engine.networks) == 2


async def test_of_two_makers_the_later_one_takes_its_own_back() -> None:
    engine = EngineWithNetworks(rival=network(1))
    assert await Network(engine, NAMING).id(False) == "id1"
    assert [n["Id"] for n in engine.networks] == ["id1"]


async def test_of_two_makers_the_earlier_one_keeps_its_own() -> None:
    engine = EngineWithNetworks(rival=network(9))
    assert await Network(engine, NAMING).id(False) == "id5"
    assert [n["Id"] for n in engine.networks] == ["id9", "id5"]


async def test_an_engine_that_refuses_a_twin_leaves_the_other_makers() -> None:
    engine = EngineWithNetworks(rival=network(9))
    engine.refuses_twins = True
    assert await Network(engine, NAMING).id(False) == "id9"


async def test_a_strangers_network_of_our_name_is_not_used() -> None:
    engine = EngineWithNetworks(network(1, installation="somebody-else"))
    with pytest.raises(RuntimeRejected, match=NAMING.network):
        await Network(engine, NAMING).id(False)
    assert [n["Id"] for n in engine.networks] == ["id1"]


async def test_a_network_without_a_gateway_names_the_setting() -> None:
    engine = EngineWithNetworks({**network(1), "IPAM": {"Config": None}})
    with pytest.raises(RuntimeRejected, match="MANAGER_HOST"):
        await Network(engine, NAMING).gateway(False)


def test_the_mtu_is_that_of_the_way_out(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text(
        "Iface\tDestination\tGateway\nbr0\t0000A8C0\t00000000\neth7\t00000000\t0100A8C0\n"
    )
    (tmp_path / "eth7").mkdir()
    (tmp_path / "eth7" / "mtu").write_text("1400\n")
    assert way_out_mtu(routes, tmp_path) == 1400
    routes.write_text("Iface\tDestination\tGateway\nbr0\t0000A8C0\t00000000\n")
    assert way_out_mtu(routes, tmp_path) is None
    assert way_out_mtu(tmp_path / "missing", tmp_path) is None
