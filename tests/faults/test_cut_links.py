"""The connection between an agent and the manager breaks or goes dead: nothing is lost."""

import asyncio
import os
import random
import signal
from functools import partial

import pytest

from autosclaw.testing import ledger
from autosclaw.testing.live_client import bash, eventually, script
from autosclaw.testing.rig import Rig

from .cables import cut_sockets
from .conftest import SLOW_CONTAINERS, MakeRig

pytestmark = [pytest.mark.faults, pytest.mark.cli]

CUTS = 10
TURNS = 6
A_TURN = 100


async def _connected(live: Rig, agent: str) -> bool:
    return (await live.person.agent(agent))["connected"]


def _epoch(live: Rig, agent: str) -> int:
    return int(live.manager.rows("SELECT epoch FROM agents WHERE id = ?", agent)[0]["epoch"])


@pytest.mark.parametrize("anywhere", [SLOW_CONTAINERS, "process"], indirect=True)
async def test_ten_cuts_while_an_agent_works(anywhere: MakeRig, chance: random.Random) -> None:
    live = await anywhere()
    await live.use_direct_credentials()
    steps = ledger.marked_steps(TURNS, A_TURN, gap=0.005)
    agent = await live.person.spawn(script(*steps, "done"), keepAliveSeconds=None)
    cuts = 0
    for point in sorted(chance.uniform(0.02, 0.8) for _ in range(CUTS)):

        async def there(wanted: float = point * TURNS * A_TURN) -> bool:
            now = await live.person.agent(agent)
            return now["connected"] and now["lastSeq"] >= wanted

        await eventually(there, f"{point:.0%} of the events are there")
        cuts += cut_sockets(live.manager.pid, live.manager.agent_port)
        await eventually(partial(_reconnected, live, agent, cuts + 1), "it is back", 20)
    await live.person.said(agent, lambda e: e.get("content") == "done", "it is through")
    tally = ledger.count(live.manager, agent, TURNS, A_TURN)
    print(f"\ncuts {cuts}: {tally}")
    assert cuts >= CUTS
    assert tally.clean, tally
    assert tally.scripted == TURNS * A_TURN
    await live.person.stop(agent)


async def _reconnected(live: Rig, agent: str, times: int) -> bool:
    return _epoch(live, agent) >= times and await _connected(live, agent)


async def test_inputs_sent_around_a_cut_arrive_once(local: MakeRig) -> None:
    live = await local()
    echo = script({"repeat": 30, "text": "heard <<message>>"})
    agent = await live.person.spawn(echo, keepAliveSeconds=None)
    await live.person.said(agent, lambda e: e.get("msgType") == "result_success", "first turn")
    for number in range(8):
        cutting = asyncio.get_running_loop().run_in_executor(
            None, cut_sockets, live.manager.pid, live.manager.agent_port
        )
        await live.person.chat(agent, f"word-{number}")
        await cutting

    async def all_seen() -> bool:
        events = await live.person.events(agent)
        return sum(e["type"] == "chat_seen" for e in events) == 9

    await eventually(all_seen, "all is heard")
    events = await live.person.events(agent)
    assert [e["input"] for e in events if e["type"] == "chat_seen"] == list(range(1, 10))
    rows = live.manager.rows("SELECT number FROM inputs WHERE applied_at IS NOT NULL")
    assert len(rows) == 9
    await live.person.stop(agent)


@pytest.mark.slow
async def test_a_manager_that_hangs_is_waited_for(local: MakeRig) -> None:
    """It is stopped as if the machine had no time for it: connections stay, nobody answers."""
    live = await local()
    await live.use_direct_credentials()
    steps = ledger.marked_steps(4, 100, gap=0.005)
    agent = await live.person.spawn(script(*steps, bash("touch through"), "done"))
    await live.person.said(agent, lambda e: str(e.get("content")).startswith("<1/"), "it works")
    os.kill(live.manager.pid, signal.SIGSTOP)
    try:
        await eventually(lambda: _is_through(live, agent), "the agent works on", 30)
    finally:
        os.kill(live.manager.pid, signal.SIGCONT)
    assert (await live.person.ended(agent))["state"] == "completed"
    tally = ledger.count(live.manager, agent, 4, 100)
    assert tally.clean, tally


async def _is_through(live: Rig, agent: str) -> bool:
    return any(live.manager.data_dir.glob(f"*/{agent}/work/through"))
