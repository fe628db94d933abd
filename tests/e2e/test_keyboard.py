"""A whole visit without a mouse: every key is one that a person would press."""

import re

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.live_manager import PASSWORD, USERNAME
from autosclaw.testing.rig import Rig

from .conftest import Visiting
from .test_questions import COLOUR, DAYS, ask
from .visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MOST_STOPS = 60
FOCUSED = """
() => {
  const { activeElement: on } = document;
  const label = on?.labels?.[0]?.innerText ?? "";
  return [on?.getAttribute("aria-label"), label, on?.innerText].find(Boolean) ?? "";
}
"""


async def tab_to(person: Visit, name: str, key: str = "Tab") -> None:
    """Press Tab until what has the focus is called so (its label or its text begins with it)."""
    passed: list[str] = []
    for _ in range(MOST_STOPS):
        await person.page.keyboard.press(key)
        passed.append((await person.page.evaluate(FOCUSED)).strip())
        if passed[-1].startswith(name):
            return
    raise AssertionError(f"{name} is not reached by {key}: {passed}")


async def test_from_signing_in_to_stopping(live: Rig, visit: Visiting) -> None:
    person = await visit(signed_in=False)
    keys = person.page.keyboard
    await person.page.goto(person.url)
    await expect(person.page.get_by_label("Name")).to_be_focused()
    await keys.type(USERNAME)
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await person.is_live()

    await tab_to(person, "Start agent")
    await keys.press("Enter")
    await expect(person.dialog.get_by_label("Task")).to_be_focused()
    await keys.press("Escape")
    await expect(person.dialog).to_have_count(0)
    await keys.press("n")
    await expect(person.dialog.get_by_label("Task")).to_be_focused()
    prompt = script(ask(COLOUR, DAYS), bash("tail -f /dev/null"))
    await keys.insert_text(prompt)
    await tab_to(person, "Name")
    await keys.type("By keyboard")
    await tab_to(person, "Start agent")
    await keys.press("Enter")
    await expect(person.page).to_have_url(re.compile("/agents/"))
    agent = person.page.url.rpartition("/")[2]

    await expect(person.question).to_be_visible()
    await tab_to(person, "Red")
    await keys.press("ArrowDown")
    await expect(person.question.get_by_role("radio", name="Blue")).to_be_checked()
    await tab_to(person, "Tuesday")
    await keys.press("Space")
    await tab_to(person, "Your own words for: Which days?")
    await keys.type("and Sunday")
    await tab_to(person, "Answer")
    await keys.press("Enter")
    await person.says(re.compile("Blue.*Tuesday, and Sunday", re.S))

    await person.says("tail -f")
    await tab_to(person, "Message to this agent")
    await keys.type("One line")
    await keys.press("Shift+Enter")
    await keys.type("and another")
    await keys.press("Enter")
    await person.says(re.compile("admin.*One line\nand another", re.S))

    await tab_to(person, "Bash", "Shift+Tab")
    await keys.press("Enter")
    await expect(person.log.get_by_role("button", expanded=True)).to_be_focused()

    await tab_to(person, "Stop", "Shift+Tab")
    await keys.press("Enter")
    await expect(person.dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await keys.press("Escape")
    await expect(person.button("Stop")).to_be_focused()
    await keys.press("Enter")
    await tab_to(person, "Stop agent")
    await keys.press("Enter")
    await expect(person.page.get_by_text("Stopped by admin.", exact=True).last).to_be_visible()
    assert (await live.person.ended(agent))["state"] == "stopped"
