"""Every state of the page in both themes and both sizes: axe finds nothing, nothing is cut off."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig

from .conftest import Visiting
from .test_questions import COLOUR, DAYS, ask
from .visit import DESKTOP, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": list(STANDARDS)},
}
CALM: dict[str, Any] = {"reduced_motion": "reduce"}


async def is_sound(person: Visit, state: str) -> None:
    """Looks at the page as it is now, four ways. Fails with everything that is wrong."""
    wrong: list[str] = []
    for size, viewport in (("1440", DESKTOP), ("390", PHONE)):
        await person.page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            await person.page.emulate_media(color_scheme=theme)
            name = f"{state}-{theme}-{size}"
            await person.shot(name)
            wrong += [f"{name}: {each}" for each in await person.overflows()]
            found = (await Axe().run(person.page, options=OPTIONS)).response["violations"]
            wrong += [
                f"{name}: {each['id']} {node['target']} {node['html'][:120]}"
                for each in found
                for node in each["nodes"]
            ]
    await person.page.emulate_media(color_scheme="light")
    await person.page.set_viewport_size(DESKTOP)
    assert wrong == []


async def test_before_there_are_agents(unused: Rig, visit: Visiting) -> None:
    person = await visit(url=unused.manager.url, signed_in=False, **CALM)
    await person.page.goto(person.url)
    await expect(person.button("Sign in")).to_be_visible()
    await is_sound(person, "sign-in")
    person = await visit(url=unused.manager.url, **CALM)
    await person.go()
    await expect(person.page.get_by_role("heading", name="No agents yet")).to_be_visible()
    await is_sound(person, "fleet-empty")
    await person.page.get_by_role("link", name="Start agent").click()
    await expect(person.dialog).to_be_visible()
    await is_sound(person, "start-dialog")


async def test_an_agent_at_work(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(
        script(
            {"blocks": [{"think": "First I look around."}, bash("pwd")]},
            {"tool": "Write", "input": {"file_path": "<<result>>/a.py", "content": "x = 1\ny = 2"}},
            bash("pwd"),
            {
                "tool": "Edit",
                "input": {
                    "file_path": "<<result>>/a.py",
                    "old_string": "y = 2",
                    "new_string": "y = 3",
                },
            },
            bash("printf '\\033[31mred\\033[32mgreen\\033[33myellow\\033[36mcyan\\033[0m\\n'"),
            bash("echo wrong >&2; exit 3"),
            {
                "blocks": [
                    "## What I found\n\nA **table**, a [link](https://example.invalid/) and `code`:"
                    "\n\n| Text | Seconds |\n|---|---:|\n| `90` | 90 |\n\n```python\nx = {'a': 1}\n"
                    "# words\n```\n\n1. one\n2. two\n\n> said somebody",
                    bash("tail -f /dev/null"),
                ]
            },
        ),
        name="At work",
        purpose="Shows every kind of step.",
    )
    person = await visit(**CALM)
    await person.to_agent(agent)
    await person.says("tail -f")
    await is_sound(person, "agent-at-work")
    await person.button("Unfold all steps").click()
    await is_sound(person, "agent-unfolded")
    await person.button("Stop").click()
    await expect(person.dialog).to_be_visible()
    await is_sound(person, "stop-dialog")
    await person.dialog.get_by_role("button", name="Stop agent").click()
    await expect(person.page.get_by_text("Stopped by admin.", exact=True).last).to_be_visible()
    await is_sound(person, "agent-ended")


async def test_an_agent_that_asks(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(script(ask(COLOUR, DAYS)), name="Asks")
    person = await visit(**CALM)
    await person.to_agent(agent)
    await expect(person.question).to_be_visible()
    await is_sound(person, "agent-asks")
    await person.go()
    await expect(person.page.get_by_role("heading", name="Waiting for you")).to_be_visible()
    await is_sound(person, "fleet-waiting")
    await live.person.stop(agent)
