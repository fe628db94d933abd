"""The page loses its connection, its memory or the whole manager, and nothing of the transcript."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig

from .conftest import Visiting
from .visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MARK = re.compile(r"(?:text|tool)-(?:[a-z]-)?\d+;")
SLOW = "Slow on purpose: " + "one more word " * 60


def message(*blocks: dict[str, Any], **how: object) -> dict[str, Any]:
    """One answer of the model that ends with a command, so that the turn goes on."""
    return {"blocks": [*blocks, bash("echo tool-<<i>>;")], **how}


def texts(letter: str, count: int) -> dict[str, Any]:
    """Texts that can be told apart."""
    return {"repeat": count, "text": f"text-{letter}-<<i>>;"}


def story(count: int) -> str:
    """The prompt for `count` steps, a sentence that takes its time, and 40 more."""
    # The sentence comes first in its message: the CLI keeps whole blocks of an answer that was cut.
    slowly = message({"text": SLOW}, pace=150)
    return script(message(texts("a", count)), slowly, message(texts("c", 40)), "text-<<i>>;")


def marks_in(count: int) -> int:
    """How many marks that makes: texts, and one command a message."""
    return count + 40 + 1 + 3


def marks_of(event: dict[str, Any]) -> list[str]:
    """What a step shows of the marks while it is folded."""
    if event["type"] == "tool_use":
        return MARK.findall(str(event["input"]))
    if event["type"] == "output" and event.get("msgType", "text") == "text":
        return MARK.findall(event.get("content") or "")
    return []


async def shows_all_of(person: Visit, live: Rig, agent: str) -> int:
    """Fails unless the page shows every step of the store, once and in order; how many marks."""
    stored = [mark for event in await live.person.events(agent) for mark in marks_of(event)]
    # A turn's result may say again what was said last.
    rows = [row for row in await person.all_rows() if not row.startswith("Turn finished")]
    shown = [mark for row in rows for mark in MARK.findall(row)]
    assert shown == stored
    return len(stored)


def tolerate_losses(person: Visit) -> None:
    person.tolerate(r"net::ERR_|WebSocket connection to")


async def test_a_reload_in_mid_sentence_loses_nothing(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(story(130), name="Reloaded")
    person = await visit()
    await person.to_agent(agent)
    await person.says("Slow on purpose")
    await person.page.reload()
    await person.is_live()
    await person.says("Turn finished")
    assert await shows_all_of(person, live, agent) == marks_in(130)
    await person.page.reload()
    await person.says("Turn finished")
    assert await shows_all_of(person, live, agent) == marks_in(130)


async def test_the_manager_dies_in_mid_sentence_and_comes_back(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(story(40), name="Survivor")
    person = await visit()
    tolerate_losses(person)
    await person.to_agent(agent)
    await person.says("Slow on purpose")
    await live.manager.kill()
    await expect(person.navigation).to_contain_text("Reconnecting")
    await expect(person.navigation.get_by_role("status")).to_have_text("Connection lost")
    await person.shot("reconnecting")
    await live.manager.start()
    await person.is_live()
    await person.says("Turn finished")
    ended = await live.person.ended(agent)
    assert ended["state"] == "completed"
    await expect(person.page).to_have_title(re.compile("Done"))
    assert await shows_all_of(person, live, agent) == marks_in(40)
    steps = [row for row in await person.all_rows() if "SCRIPT:" not in row]
    assert sum("Slow on purpose" in row for row in steps) == 1


async def test_offline_is_said_and_signs_nobody_out(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(script(bash("sleep 5"), "text-z-<<i>>;"), name="Offline")
    person = await visit()
    tolerate_losses(person)
    await person.to_agent(agent)
    await person.says("sleep 5")
    await person.page.context.set_offline(True)
    await expect(person.navigation).to_contain_text("Offline since")
    await person.shot("offline")
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Offline")
    await live.person.said(agent, lambda e: e.get("content") == "text-z-1;", "it went on")
    await expect(person.steps("text-z-1;")).to_have_count(0)
    await person.page.context.set_offline(False)
    await person.is_live()
    await person.says("text-z-1;")
