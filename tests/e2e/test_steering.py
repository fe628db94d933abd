"""A person talks to a working agent, interrupts it, and ends it."""

import re

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig

from .conftest import Visiting
from .visit import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The CLI refuses a plain sleep of this length.
ENDLESS = "tail -f /dev/null"


async def test_message_interrupt_stop(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(
        script(bash("sleep 4"), {"blocks": ["Heard: <<message>>", bash(ENDLESS)]}, "Resumed."),
        name="Steered",
        keepAliveSeconds=None,
    )
    person = await visit()
    await person.to_agent(agent)
    await person.says("sleep 4")
    await person.chat.fill("Mind the gap")
    await person.page.keyboard.press("Enter")
    said = person.steps(re.compile("admin.*Mind the gap", re.S))
    await expect(said).to_have_count(1)
    await expect(person.chat).to_have_value("")
    await expect(said).to_contain_text("seen")
    await person.says(re.compile("Heard: .*Mind the gap"))

    await person.says(ENDLESS)
    await person.button("Interrupt").click()
    await person.says("Turn interrupted")
    await expect(person.button("Interrupt")).to_have_count(0)
    assert (await live.person.agent(agent))["state"] == "running"

    await person.button("Stop").click()
    await expect(person.dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await person.shot("stop-dialog")
    await person.page.keyboard.press("Enter")
    await expect(person.dialog).to_have_count(0)
    assert (await live.person.agent(agent))["state"] == "running"

    await person.button("Stop").click()
    await person.dialog.get_by_role("button", name="Stop agent").click()
    await expect(person.dialog).to_have_count(0)
    await expect(person.page).to_have_title(re.compile("Stopped"))
    await expect(person.chat).to_have_count(0)
    await expect(person.page.get_by_text("Stopped by admin.", exact=True).last).to_be_visible()

    async def gone() -> bool:
        if live.boxes is None:
            return not live.processes(agent)
        return await live.boxes.of(agent) is None

    await until(gone, "its box is gone")
