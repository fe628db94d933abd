"""SIGTERM: the manager ends in time; agents end with it, or live on and come back."""

import time

import pytest

from autosclaw.testing import ledger
from autosclaw.testing.live_client import bash, eventually, script
from autosclaw.testing.rig import Rig

from .conftest import IN_CONTAINERS, SLOW_PROCESSES, MakeRig

pytestmark = [pytest.mark.faults, pytest.mark.cli]

SHUTDOWN_SECONDS = 15.0
REATTACH_SECONDS = 10.0
STUBBORN = "trap '' TERM INT; while :; do read -t 5 < <(tail -f /dev/null); done"


async def _boxes(live: Rig) -> list[object]:
    return list(live.processes() if live.boxes is None else await live.boxes.all())


async def test_stop_leaves_no_box(anywhere: MakeRig) -> None:
    live = await anywhere()
    person = live.person
    resting = await person.spawn(script("here"), keepAliveSeconds=None)
    stubborn = await person.spawn(script(bash(STUBBORN)))
    await person.said(resting, lambda e: e.get("msgType") == "result_success", "it rests")
    await person.said(stubborn, lambda e: e["type"] == "tool_use", "it works")
    fresh = await person.spawn(script("never mind"))
    code, seconds = await live.manager.terminate()
    print(f"\nstop: exit code {code} after {seconds:.1f} s")
    assert (code, await _boxes(live)) == (0, [])
    assert seconds <= SHUTDOWN_SECONDS
    states = {r["id"]: r for r in live.manager.rows("SELECT id, state, exit_reason FROM agents")}
    for agent in (resting, stubborn, fresh):
        assert states[agent]["state"] == "stopped"
        assert states[agent]["exit_reason"] == "Stopped by shutdown."


@pytest.mark.parametrize("anywhere", [IN_CONTAINERS, SLOW_PROCESSES], indirect=True)
async def test_keep_lets_agents_work_on_and_come_back(anywhere: MakeRig) -> None:
    live = await anywhere(AGENTS_ON_SHUTDOWN="keep")
    await live.use_direct_credentials()
    person = live.person
    working = await person.spawn(script(*ledger.marked_steps(6, 50, gap=0.01), "done"))
    resting = await person.spawn(script("here"), keepAliveSeconds=None)
    await person.said(working, lambda e: str(e.get("content")).startswith("<2/"), "it works")
    await person.said(resting, lambda e: e.get("msgType") == "result_success", "it rests")
    before = await _boxes(live)
    code, seconds = await live.manager.terminate()
    assert code == 0
    assert seconds <= SHUTDOWN_SECONDS
    assert set(map(str, await _boxes(live))) & set(map(str, before))
    await live.manager.start()
    began = time.monotonic()
    await person.until(resting, lambda a: a["connected"], "it is back", REATTACH_SECONDS)
    print(f"\nkeep: exit after {seconds:.1f} s, back after {time.monotonic() - began:.1f} s")
    assert (await person.ended(working))["state"] == "completed"
    tally = ledger.count(live.manager, working, 6, 50)
    assert tally.clean, tally
    await person.chat(resting, "still there?")
    await person.said(resting, lambda e: e["type"] == "chat_seen" and e["input"] == 2, "it hears")
    await person.stop(resting)
    await person.ended(resting, 20)

    async def none() -> bool:
        return not await _boxes(live)

    await eventually(none, "no box is left")
