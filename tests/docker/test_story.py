"""One agent from its start to its end, with the real CLI, on each runtime."""

import asyncio
import platform
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from autosclaw.testing.live_client import Refused, bash, eventually, script
from autosclaw.testing.rig import Rig

from .conftest import IN_CONTAINERS

# One manager a runtime for all tests of this file: they share nothing but the machine.
pytestmark = [pytest.mark.cli, pytest.mark.asyncio(loop_scope="module")]
# A sample of the story is told on processes every time, all of it in the slow suite.
MOSTLY_CONTAINED = pytest.mark.parametrize(
    "live", [IN_CONTAINERS, pytest.param("process", marks=pytest.mark.slow)], indirect=True
)
PLAN_FILE = re.compile(r"(/[^ \"'\\]*plans/[a-z0-9-]+\.md)")

USAGE = {
    "input_tokens": 100,
    "output_tokens": 20,
    "cache_read_input_tokens": 3_000,
    "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 0},
}
ONE_REQUEST = (100 * 5.0 + 20 * 25.0 + 3_000 * 0.5 + 400 * 6.25) / 1e6

QUESTIONS = [
    {
        "question": "Which colour?",
        "header": "Colour",
        "multiSelect": False,
        "options": [{"label": "red", "description": "r"}, {"label": "blue", "description": "b"}],
    },
    {
        "question": "Which days?",
        "header": "Days",
        "multiSelect": True,
        "options": [{"label": day, "description": day} for day in ("Mon", "Tue", "Wed")],
    },
    {
        "question": "What name?",
        "header": "Name",
        "multiSelect": False,
        "options": [{"label": "Ada", "description": "a"}, {"label": "Bob", "description": "b"}],
    },
]


def with_usage(*steps: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**step, "usage": USAGE} for step in steps]


def results(events: list[dict[str, Any]]) -> list[str]:
    return [str(e["content"]) for e in events if e["type"] == "tool_result"]


def texts(events: list[dict[str, Any]], kind: str = "text") -> list[str]:
    return [
        e["content"] for e in events if e["type"] == "output" and e.get("msgType", "text") == kind
    ]


def says(word: str) -> Callable[[dict[str, Any]], bool]:
    """The agent itself says it: a prompt that holds the word is no proof."""
    return lambda event: any(word in text for text in texts([event]))


async def test_from_spawn_to_its_end(live: Rig) -> None:
    person = live.person
    steps = with_usage(
        bash("hostname; id -u; echo made > here.txt"),
        {"tool": "AskUserQuestion", "input": {"questions": QUESTIONS}},
        {"blocks": ["Answered: <<result>>", bash("echo sleeping; sleep 4")]},
        {"blocks": ["Heard: <<message>>", bash("for i in $(seq 300); do sleep 1; done")]},
        {"text": "All done: <<message>>"},
    )
    agent = await person.spawn(script(*steps), keepAliveSeconds=6)

    result = await person.said(agent, lambda e: e["type"] == "tool_result", "a tool ran")
    hostname, uid = result["content"].split()[:2]
    if live.boxes is not None:
        assert hostname != platform.node()
        assert int(uid) == 10001
    waiting = await person.until(agent, lambda a: a["waitingForAskUser"], "it asks")
    assert waiting["state"] == "waiting"
    assert [q["question"] for q in waiting["question"]["questions"]] == [
        q["question"] for q in QUESTIONS
    ]
    answers: dict[str, Any] = {"Which colour?": "blue", "Which days?": ["Mon", "Wed"]}
    answers["What name?"] = "Grace, typed"
    await person.send("ask_user_response", agent, answers=answers)
    await person.said(agent, lambda e: e["type"] == "answered", "it was answered")
    with pytest.raises(Refused, match="not waiting"):
        await person.send("ask_user_response", agent, answers=answers)

    await person.said(agent, says("Answered:"), "it read the answers")
    await person.chat(agent, "hear me while you work")
    heard = await person.said(agent, says("Heard:"), "it heard")
    assert "hear me while you work" in heard["content"]

    await person.said(agent, lambda e: "seq 300" in str(e.get("input")), "it sleeps again")
    began = time.monotonic()
    await person.send("interrupt_agent", agent)
    await person.until(agent, lambda a: not a["processing"], "the interrupt ended the turn")
    assert time.monotonic() - began < 10
    await person.chat(agent, "finish now")
    ended = await person.ended(agent)

    assert (ended["state"], ended["exitReason"]) == ("completed", "Finished.")
    events = await person.events(agent)
    answered = next(text for text in texts(events) if text.startswith("Answered:"))
    assert all(word in answered for word in ("blue", "Mon", "Wed", "Grace, typed"))
    assert "All done: finish now" in texts(events)
    assert texts(events, "result_success")[-1] == "All done: finish now"
    assert [e["input"] for e in events if e["type"] == "chat_seen"] == [1, 3, 5]
    # The tail was drained: the runner's last word stands before the manager's.
    assert [e["type"] for e in events[-2:]] == ["exited", "state_changed"]
    await _accounts_are_right(live, ended, events, requests=5)
    await _nothing_is_left(live, agent)


async def _accounts_are_right(
    live: Rig, agent: dict[str, Any], events: list[dict[str, Any]], requests: int
) -> None:
    assert agent["inputTokens"] == 100 * requests
    assert agent["outputTokens"] == 20 * requests
    assert agent["cacheReadInputTokens"] == 3_000 * requests
    assert agent["cacheCreationInputTokens"] == 400 * requests
    assert agent["costUSD"] == pytest.approx(ONE_REQUEST * requests, abs=1e-9)
    assert not agent.get("costUnknown", False)
    figures = [e["turn"]["cliCostUsd"] for e in events if e.get("turn", {}).get("cliCostUsd")]
    assert figures[-1] == pytest.approx(agent["costUSD"], abs=1e-6)
    rows = live.manager.rows("SELECT cost_nano_usd FROM usage WHERE agent_id = ?", agent["id"])
    assert [row["cost_nano_usd"] for row in rows] == [round(ONE_REQUEST * 1e9)] * requests


async def _nothing_is_left(live: Rig, agent: str) -> None:
    async def gone() -> bool:
        if live.boxes is None:
            return not live.processes(agent)
        return await live.boxes.of(agent) is None

    await eventually(gone, "its box is gone", 15)


async def test_it_rests_and_is_woken_again(live: Rig) -> None:
    person = live.person
    agent = await person.spawn(script("first", "second"), keepAliveSeconds=None)
    await person.said(agent, lambda e: e.get("msgType") == "result_success", "first turn")
    idle = await person.until(agent, lambda a: not a["processing"], "it rests")
    assert (idle["state"], idle["connected"]) == ("running", True)
    await person.chat(agent, "once more")
    await person.said(agent, says("second"), "second turn")
    await person.stop(agent)
    assert (await person.ended(agent, 15))["exitReason"] == "Stopped by admin."


async def test_stopped_in_mid_command(live: Rig) -> None:
    person = live.person
    agent = await person.spawn(script(bash("trap '' TERM; sleep 301 & sleep 300; wait")))
    await person.said(agent, lambda e: e["type"] == "tool_use", "it began")
    began = time.monotonic()
    await person.stop(agent)
    await _nothing_is_left(live, agent)
    ended = await person.ended(agent, 5)
    seconds = time.monotonic() - began
    assert seconds <= 15
    assert (ended["state"], ended["exitReason"]) == ("stopped", "Stopped by admin.")
    print(f"stopped in mid command: gone after {seconds:.1f} s")
    with pytest.raises(Refused) as refusal:
        await person.stop(agent)
    assert refusal.value.status == 409


@MOSTLY_CONTAINED
async def test_the_same_key_is_the_same_agent(live: Rig) -> None:
    person = live.person
    prompt = script("hello")
    made = await asyncio.gather(*(person.spawn(prompt, key="k-1", name="keyed") for _ in range(5)))
    assert len(set(made)) == 1
    other = await person.spawn(prompt, key="k-2", name="keyed")
    assert other != made[0]
    for agent in (made[0], other):
        assert (await person.ended(agent))["state"] == "completed"
        assert texts(await person.events(agent)) == ["hello"]
    listed = (await person.call("GET", "/api/agents"))["agents"]
    assert sum(entry["name"] == "keyed" for entry in listed) == 2


@MOSTLY_CONTAINED
async def test_a_plan_is_put_to_a_person(live: Rig) -> None:
    person = live.person
    entering = script({"tool": "EnterPlanMode", "input": {}}, "planning")
    agent = await person.spawn(entering, keepAliveSeconds=10)
    await person.said(agent, lambda e: e.get("msgType") == "result_success", "it plans")
    # The CLI tells the model where the plan belongs.
    path = PLAN_FILE.search(live.model.newest.decode())
    assert path is not None
    there = {"file_path": path[1]}
    await person.chat(
        agent,
        script(
            {"tool": "Write", "input": {**there, "content": "# The plan\n1. act"}},
            {"tool": "ExitPlanMode", "input": {}},
            {"tool": "ExitPlanMode", "input": {}},
            bash("echo acted"),
            "done",
        ),
    )
    first = await person.said(agent, lambda e: e.get("kind") == "plan", "the plan")
    assert first["plan"] == "# The plan\n1. act"
    question = first["questions"][0]["question"]
    await person.send("ask_user_response", agent, answers={question: "Make it better"})
    await person.said(
        agent, lambda e: e.get("kind") == "plan" and e["id"] != first["id"], "the plan again"
    )
    await person.send("ask_user_response", agent, answers={question: "Approve"})
    await person.said(agent, says("done"), "it acted")
    found = results(await person.events(agent))
    assert any("Make it better" in text for text in found)
    assert found[-1].strip() == "acted"
    await person.stop(agent)


@MOSTLY_CONTAINED
async def test_two_at_once_keep_to_themselves(live: Rig) -> None:
    person = live.person
    prompts = [
        script(bash(f"echo {word} > mine; sleep 1; cat mine"), word) for word in ("one", "two")
    ]
    agents = await asyncio.gather(*(person.spawn(prompt) for prompt in prompts))
    for agent, word in zip(agents, ("one", "two"), strict=True):
        assert (await person.ended(agent))["state"] == "completed"
        events = await person.events(agent)
        assert [text.strip() for text in results(events)] == [word]
        assert texts(events) == [word]
        assert {e.get("agentId") for e in events} == {agent}


@MOSTLY_CONTAINED
async def test_a_page_sees_text_while_it_is_written(live: Rig) -> None:
    person = live.person
    agent = await person.spawn(script({"text": "slowly " * 20, "pace": 50}))
    async with person.page() as page:
        await page.ask({"type": "watch", "agentId": agent, "after": 0})
        deltas = await page.next(lambda f: f["type"] == "deltas")
        assert deltas["deltas"][0]["kind"] == "text"
        await page.next(
            lambda f: (
                f["type"] == "events"
                and any(e.get("content") == "slowly " * 20 for e in f["events"])
            )
        )
    await person.ended(agent)
