"""An agent asks; a person answers by mouse or keyboard; everybody sees that it is settled."""

import re

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_client import script
from autosclaw.testing.rig import Rig

from .conftest import Visiting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def options(*labels: str) -> list[dict[str, str]]:
    return [{"label": label, "description": f"Take {label}."} for label in labels]


def ask(*questions: tuple[str, bool, tuple[str, ...]]) -> dict[str, object]:
    """One call that asks (question, several answers allowed, options)."""
    asked = [
        {
            "question": question,
            "header": question.split()[1].strip("?")[:12],
            "multiSelect": several,
            "options": options(*labels),
        }
        for question, several, labels in questions
    ]
    return {"tool": "AskUserQuestion", "input": {"questions": asked}}


COLOUR = ("Which colour?", False, ("Red", "Blue"))
DAYS = ("Which days?", True, ("Monday", "Tuesday", "Friday"))
NAME = ("Which name?", False, ("Ada", "Grace"))


async def test_answered_by_mouse_and_closed_for_everybody(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(
        script(ask(COLOUR, DAYS, NAME), "Heard: <<result>>"), name="Asker"
    )
    person, onlooker = await visit(), await visit()
    await person.to_agent(agent)
    await onlooker.to_agent(agent)
    dock = person.question
    await expect(dock.get_by_role("button", name="Answer")).to_be_disabled()
    await expect(onlooker.question).to_be_visible()
    await expect(person.page).to_have_title(re.compile("Waiting for you"))

    await dock.get_by_role("radio", name="Blue").check()
    await dock.get_by_role("checkbox", name="Monday").check()
    await dock.get_by_role("checkbox", name="Friday").check()
    await expect(dock.get_by_role("button", name="Answer")).to_be_disabled()
    await dock.get_by_role("textbox", name=re.compile("Which name")).fill("Hedy, typed")
    await person.shot("question")
    await dock.get_by_role("button", name="Answer").click()

    for each in (person, onlooker):
        await expect(each.question).to_have_count(0)
        await each.says("Answered by admin")
        await each.says("Monday, Friday")
        await each.says(re.compile("Heard:.*Blue.*Monday.*Friday.*Hedy, typed", re.S))


async def test_answered_by_keyboard_in_the_inbox_of_the_fleet(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(script(ask(COLOUR), "Heard: <<result>>"), name="Inbox asker")
    person = await visit()
    await person.go()
    card = person.page.get_by_role("listitem").filter(
        has=person.page.get_by_role("link", name="Inbox asker")
    )
    card = card.filter(has=person.page.get_by_role("group"))
    await card.get_by_role("radio", name="Red").focus()
    await person.page.keyboard.press("Space")
    await person.page.keyboard.press("ArrowDown")
    await expect(card.get_by_role("radio", name="Blue")).to_be_checked()
    await person.shot("fleet-waiting")
    await person.page.keyboard.press("Enter")
    await expect(card).to_have_count(0)
    await person.to_agent(agent)
    await person.says(re.compile("Heard:.*Blue"))
