"""kill -9 of the manager, again and again, while agents work: nothing is lost, nobody notices."""

import asyncio
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from autosclaw.testing import ledger
from autosclaw.testing.live_client import eventually, script
from autosclaw.testing.rig import Rig

from .conftest import MakeRig

pytestmark = [pytest.mark.faults, pytest.mark.cli]

AGENTS = 3
TURNS = 20
A_TURN = 100  # 20 × 100 texts: 2,000 events an agent, and some more of its commands
# Seconds after an accepted spawn: before the box is made, while it starts, once it has.
LATE = (0.0, 0.7, 1.4)
REATTACH_SECONDS = 10.0
# Agents go on while the manager is away, so that its last death must come well before their end.
LAST_POINT = 0.6


@dataclass
class Storm:
    """Agents at work and what happened to them so far."""

    live: Rig
    prompts: dict[str, str]
    kills: int = 0
    reattached: list[float] = field(default_factory=list)

    def progress(self) -> float:
        """How much of all scripted events is durable, 0 to 1."""
        rows = self.live.manager.rows("SELECT last_seq FROM agents")
        return sum(row["last_seq"] for row in rows) / (AGENTS * TURNS * A_TURN)

    def working(self) -> bool:
        rows = self.live.manager.rows("SELECT state FROM agents WHERE state IN ('running')")
        return len(rows) > 0

    async def reach(self, point: float) -> None:
        async def there() -> bool:
            return self.progress() >= point or not self.working()

        await eventually(there, f"{point:.0%} of the events are there", 300)

    async def attached(self) -> bool:
        listed = (await self.live.person.call("GET", "/api/agents"))["agents"]
        return all(a["connected"] or a["status"] == "stopped" for a in listed)


async def _begin(live: Rig, turns: int, a_turn: int, **pace: float) -> Storm:
    await live.use_direct_credentials()
    marks = [live.model.watch(f"task-{uuid.uuid4()}") for _ in range(AGENTS)]
    steps = [*ledger.marked_steps(turns, a_turn, **pace), "done"]
    made = [await live.person.spawn(script(*steps, text=mark)) for mark in marks]
    for agent in made:
        await live.person.until(agent, lambda a: a["lastSeq"] > 20, "it works")
    return Storm(live, dict(zip(made, marks, strict=True)))


async def _kill_and_restart(storm: Storm, point: float, chance: random.Random) -> None:
    await storm.reach(point)
    await asyncio.sleep(chance.random() * 0.1)  # anywhere within a batch
    storm.kills += storm.working()
    await storm.live.manager.kill()
    await storm.live.manager.start()
    began = time.monotonic()
    await eventually(storm.attached, "all agents are back")
    storm.reattached.append(time.monotonic() - began)


async def _same_boxes(live: Rig, before: dict[str, Any]) -> None:
    """Containers that are still there are the very ones from the beginning."""
    for agent, document in (await live.containers.all()).items():
        first = before[agent]
        assert document["Id"] == first["Id"]
        assert document["State"]["StartedAt"] == first["State"]["StartedAt"]
        assert document["RestartCount"] == 0


async def _checked(storm: Storm) -> None:
    live = storm.live
    tallies: list[ledger.Tally] = []
    for agent, mark in storm.prompts.items():
        ended = await live.person.ended(agent, 120)
        assert (ended["state"], ended["exitReason"]) == ("completed", "Finished.")
        tallies.append(ledger.count(live.manager, agent, TURNS, A_TURN))
        assert live.model.marks[mark] == 1
    print(
        f"\nkills {storm.kills}, events {sum(t.events for t in tallies)}, "
        f"lost {sum(t.lost for t in tallies)}, doubled {sum(t.doubled for t in tallies)}, "
        f"out of order {sum(t.disordered for t in tallies)}, gaps {sum(t.gaps for t in tallies)}, "
        f"back after {max(storm.reattached):.1f} s at most after it answers"
    )
    assert all(tally.clean for tally in tallies), tallies
    assert all(tally.scripted == TURNS * A_TURN for tally in tallies), tallies
    assert max(storm.reattached) <= REATTACH_SECONDS


async def _storm(live: Rig, chance: random.Random, kills: int, gap: float) -> None:
    storm = await _begin(live, TURNS, A_TURN, gap=gap)
    before = await live.containers.all()
    points = sorted(chance.uniform(0.03, LAST_POINT) for _ in range(kills))
    for point in points:
        await _kill_and_restart(storm, point, chance)
        await _same_boxes(live, before)
    assert storm.kills == kills
    await _checked(storm)


@pytest.mark.docker
async def test_three_kills_while_three_agents_work(
    contained: MakeRig, chance: random.Random
) -> None:
    await _storm(await contained(), chance, kills=3, gap=0.004)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_twenty_kills_while_three_agents_work(
    contained: MakeRig, chance: random.Random
) -> None:
    await _storm(await contained(), chance, kills=20, gap=0.05)


@pytest.mark.parametrize(
    ("anywhere", "late"),
    [
        pytest.param("docker", 0.3, marks=pytest.mark.docker),
        *[pytest.param("docker", t, marks=[pytest.mark.docker, pytest.mark.slow]) for t in LATE],
        *[pytest.param("process", t, marks=pytest.mark.slow) for t in (0.3, *LATE)],
    ],
    indirect=["anywhere"],
)
async def test_a_kill_while_agents_are_started(
    anywhere: MakeRig, chance: random.Random, late: float
) -> None:
    """An accepted spawn is never forgotten, and its prompt is handed over once."""
    live = await anywhere()
    marks = [live.model.watch(f"task-{uuid.uuid4()}") for _ in range(2)]
    made = [await live.person.spawn(script("done", text=mark)) for mark in marks]
    await asyncio.sleep(late + chance.random() * 0.3)
    await live.manager.kill()
    await live.manager.start()
    for agent, mark in zip(made, marks, strict=True):
        ended = await live.person.ended(agent)
        assert (ended["state"], ended["exitReason"]) == ("completed", "Finished.")
        events = await live.person.events(agent)
        assert sum(event.get("msgType") == "user_input" for event in events) == 1
        assert [e["input"] for e in events if e["type"] == "chat_seen"] == [1]
        assert sum(event.get("content") == "done" for event in events) == 2  # text and result
        assert live.model.marks[mark] == 1


@pytest.mark.docker
async def test_an_answer_that_the_managers_death_cut_is_gone_on_with(contained: MakeRig) -> None:
    """The gateway dies with the manager: the CLI tries again, what it got of it is kept once."""
    live = await contained()
    steps = ledger.marked_steps(4, 40, gap=0.03)
    agent = await live.person.spawn(script(*steps, "done"))
    await live.person.said(agent, lambda e: str(e.get("content")).startswith("<2/3"), "it works")
    await live.manager.kill()
    await live.manager.start()
    assert (await live.person.ended(agent))["state"] == "completed"
    tally = ledger.count(live.manager, agent, 4, 40)
    print(f"\ncut in mid answer: {tally}")
    # Of the answer that was cut the rest was never said; everything else is there, once.
    assert 0 < tally.lost < 40
    assert (tally.doubled, tally.disordered, tally.gaps) == (0, 0, 0)
    assert (tally.prompts, tally.prompts_seen, tally.boots) == (1, 1, 1)
