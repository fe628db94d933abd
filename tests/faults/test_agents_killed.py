"""kill -9 of what an agent consists of: its box, its runner, its CLI."""

import os
import re
import signal
import uuid
from pathlib import Path

import pytest

from autosclaw.testing import ledger
from autosclaw.testing.live_client import bash, eventually, script
from autosclaw.testing.rig import Rig

from .conftest import MakeRig

pytestmark = [pytest.mark.faults, pytest.mark.cli]

# In a container the init that started it names it, too.
RUNNER = re.compile(r"^\S*python\S* .*-m autosclaw\.runner")
WAITING = "read -t 200 < <(tail -f /dev/null)"
CLI = re.compile(r"--input-format stream-json")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


async def _pids(live: Rig, agent: str, like: re.Pattern[str]) -> list[int]:
    """Processes of an agent, numbered as on this machine, whose command line is `like` this."""
    if live.boxes is None:
        return [pid for pid in live.processes(agent) if like.search(_command(pid))]
    box = await live.boxes.of(agent)
    assert box is not None
    return [pid for pid, command in await live.boxes.processes(box["Id"]) if like.search(command)]


async def _box_is_gone(live: Rig, agent: str) -> None:
    async def gone() -> bool:
        if live.boxes is None:
            return not live.processes(agent)
        return await live.boxes.of(agent) is None

    await eventually(gone, "its box is gone", 15)


@pytest.mark.docker
async def test_a_killed_container_is_drained_while_the_manager_was_away(
    contained: MakeRig,
) -> None:
    """What the runner had written and not sent is read out of the dead container."""
    live = await contained()
    await live.use_direct_credentials()
    turns, a_turn = 6, 50
    steps = ledger.marked_steps(turns, a_turn, gap=0.01)
    agent = await live.person.spawn(script(*steps, bash("echo the last; sleep 20"), "done"))
    await live.person.said(agent, lambda e: str(e.get("content")).startswith("<2/"), "it works")
    box = await live.containers.of(agent)
    assert box is not None
    await live.manager.kill()
    marker = f"<{turns}/{a_turn}>"
    await eventually(lambda: _spooled(live, box["Id"], marker), "all of it is in the spool")
    durable = len(live.manager.rows("SELECT seq FROM messages WHERE agent_id = ?", agent))
    await live.containers.kill(box["Id"])
    await live.manager.start()
    ended = await live.person.ended(agent)
    assert (ended["state"], ended["exitReason"]) == (
        "failed",
        "Its container was killed (signal 9).",
    )
    tally = ledger.count(live.manager, agent, turns, a_turn)
    print(f"\ndrained {tally.events - durable} of {tally.events} events from a dead container")
    assert tally.events > durable
    assert tally.clean, tally
    await _box_is_gone(live, agent)


async def _spooled(live: Rig, container: str, word: str) -> bool:
    return word.encode() in await live.containers.file(container, "/spool/events.jsonl")


async def test_a_killed_runner_ends_its_agent_with_a_reason(anywhere: MakeRig) -> None:
    live = await anywhere()
    mark = live.model.watch(f"task-{uuid.uuid4()}")
    agent = await live.person.spawn(script(bash(WAITING), text=mark))
    agent_2 = await live.person.spawn(script(bash("echo other; sleep 1"), "went on"))
    await live.person.said(agent, lambda e: e["type"] == "tool_use", "it works")
    (runner,) = await _pids(live, agent, RUNNER)
    os.kill(runner, signal.SIGKILL)
    ended = await live.person.ended(agent, 30)
    assert ended["state"] == "failed"
    assert "killed" in ended["exitReason"], ended["exitReason"]
    await _box_is_gone(live, agent)
    assert (await live.person.ended(agent_2))["state"] == "completed"
    assert live.model.marks[mark] == 1


async def test_a_killed_cli_goes_on_where_it_was(anywhere: MakeRig) -> None:
    live = await anywhere()
    # The CLI fills the answer that broke off with one of its own, which uses up a step.
    last = ("went on",) * 3
    command = "echo $RANDOM >> runs; for i in $(seq 300); do sleep 1; done"
    agent = await live.person.spawn(script(bash("echo one"), bash(command), *last))
    await live.person.said(agent, lambda e: "seq 300" in str(e.get("input")), "it works")
    before = await _boot_of(live, agent)
    (cli,) = await _pids(live, agent, CLI)
    os.kill(cli, signal.SIGKILL)
    ended = await live.person.ended(agent)
    assert (ended["state"], ended["exitReason"]) == ("completed", "Finished.")
    events = await live.person.events(agent)
    kinds = [event.get("kind") for event in events]
    assert kinds.count("restarted") == 1
    said = [e["content"] for e in events if e["type"] == "output" and e.get("msgType") == "text"]
    assert "went on" in said
    # The same box, the same session: the prompt was not handed over again.
    assert await _boot_of(live, agent) == before
    assert [e["input"] for e in events if e["type"] == "chat_seen"] == [1]
    assert sum(e["type"] == "tool_use" and "seq 300" in str(e["input"]) for e in events) == 1


async def _boot_of(live: Rig, agent: str) -> int:
    return int(live.manager.rows("SELECT boot FROM agents WHERE id = ?", agent)[0]["boot"])
