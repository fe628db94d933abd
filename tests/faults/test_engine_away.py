"""The engine is away, silent or restarted: agents live on, nothing is taken for lost."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from autosclaw.manager.runtimes.docker_engine import engine_url
from autosclaw.testing import ledger
from autosclaw.testing.live_client import bash, eventually, script
from autosclaw.testing.rig import Rig

from .cables import Cable, unix
from .conftest import MakeRig

pytestmark = [pytest.mark.faults, pytest.mark.cli, pytest.mark.docker]

WAITING = "read -t 300 < <(tail -f /dev/null)"
ENGINE_SCRIPT = Path(__file__).parents[2] / "scripts" / "engine"


@pytest.fixture
async def cable(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cable]:
    """Between the manager and the engine; tests look at the engine beside it."""
    path = tmp_path_factory.mktemp("engine") / "engine.sock"
    made = unix(path, engine_url(os.environ).removeprefix("unix://"))
    await made.plug()
    yield made
    await made.unplug()


async def test_agents_outlive_an_engine_that_does_not_answer(
    contained: MakeRig, cable: Cable
) -> None:
    live = await contained(DOCKER_HOST=cable.address)
    person = live.person
    working = await person.spawn(script(*ledger.marked_steps(8, 20, gap=0.03), "done"))
    resting = await person.spawn(script("here"), keepAliveSeconds=None)
    for agent in (working, resting):
        await person.until(agent, lambda a: a["lastSeq"] > 4 and a["connected"], "it works")
    before = await live.containers.all()

    await cable.unplug()
    late = await person.spawn(script("late"))
    await person.chat(resting, "are you there")
    await person.said(resting, lambda e: e["type"] == "chat_seen" and e["input"] == 2, "it hears")
    await person.said(working, lambda e: e.get("content") == "done", "it works on", 90)
    await eventually(lambda: _logged(live, "engine_unavailable"), "the manager notices")
    states = {a["id"]: a["state"] for a in (await person.call("GET", "/api/agents"))["agents"]}
    assert states[resting] == "running"
    assert states[late] == "requested"
    assert "lost" not in states.values()

    await cable.plug()
    assert (await person.ended(late, 60))["state"] == "completed"
    assert (await person.ended(working, 60))["state"] == "completed"
    tally = ledger.count(live.manager, working, 8, 20)
    assert tally.clean, tally
    box = await live.containers.of(resting)
    assert box is not None
    assert box["Id"] == before[resting]["Id"]
    await person.stop(resting)
    assert (await person.ended(resting, 20))["state"] == "stopped"


async def test_a_stop_is_not_forgotten_while_the_engine_hangs(
    contained: MakeRig, cable: Cable
) -> None:
    live = await contained(DOCKER_HOST=cable.address)
    agent = await live.person.spawn(script(bash(WAITING)))
    await live.person.said(agent, lambda e: e["type"] == "tool_use", "it works")
    cable.hang()
    await live.person.stop(agent)
    assert (await live.person.agent(agent))["state"] == "stopping"
    await cable.unplug()
    await cable.plug()
    assert (await live.person.ended(agent, 60))["exitReason"] == "Stopped by admin."
    await eventually(partial(_gone, live, agent), "its container is gone", 15)


async def _gone(live: Rig, agent: str) -> bool:
    return await live.containers.of(agent) is None


async def _logged(live: Rig, event: str) -> bool:
    return bool(live.manager.logged(event))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(
    os.environ.get("AUTOSCLAW_ENGINE_RESTART") != "1",
    reason="AUTOSCLAW_ENGINE_RESTART=1 restarts the engine of this machine, for everybody on it",
)
async def test_a_restarted_engine(contained: MakeRig) -> None:
    """Without live-restore an engine takes its containers with it: their tails are drained."""
    live = await contained()
    person = live.person
    agent = await person.spawn(script(bash("echo begun"), bash(WAITING)))
    await person.said(agent, lambda e: e["type"] == "tool_result", "it works")
    await asyncio.to_thread(subprocess.run, [str(ENGINE_SCRIPT), "stop"], check=True, timeout=120)
    assert (await person.agent(agent))["state"] != "lost"
    await asyncio.to_thread(subprocess.run, [str(ENGINE_SCRIPT), "start"], check=True, timeout=120)
    ended = await person.ended(agent, 90)
    print(f"\nafter a restart of the engine: {ended['state']}, {ended['exitReason']}")
    assert ended["state"] in ("failed", "completed")
    again = await person.spawn(script("alive"))
    assert (await person.ended(again, 60))["state"] == "completed"
