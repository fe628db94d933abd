"""An agent is started from the page and its work read while it happens."""

import re
from itertools import pairwise

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig

from .conftest import Visiting
from .visit import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OPENING = "It began slowly:"
STORY = f"{OPENING} " + " ".join(f"word{n}" for n in range(120))


async def test_text_appears_while_it_is_written(live: Rig, visit: Visiting) -> None:
    person = await visit()
    await person.go()
    await person.page.get_by_role("link", name="Start agent").click()
    await person.dialog.get_by_label("Task").fill(script({"text": STORY, "pace": 90}))
    await person.dialog.get_by_label("Name").fill("Storyteller")
    await person.shot("start-dialog")
    await person.dialog.get_by_role("button", name="Start agent").click()
    await expect(person.page).to_have_url(re.compile("/agents/"))
    agent = person.page.url.rpartition("/")[2]
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Storyteller")

    written = person.steps(OPENING)
    lengths: list[int] = []

    async def grew_often() -> bool:
        length = len("".join(await written.all_inner_texts()))
        if length and lengths[-1:] != [length]:
            lengths.append(length)
        return len(lengths) >= 4

    await until(grew_often, "text grows")
    told = [e for e in await live.person.events(agent) if e.get("content") == STORY]
    assert told == []
    assert all(before < after for before, after in pairwise(lengths)), lengths
    await person.shot("text-being-written")

    await person.says("word119")
    await person.says("Turn finished")
    # The final form took the place of the partial one.
    told = [row for row in await person.all_rows() if OPENING in row and "SCRIPT:" not in row]
    assert [row for row in told if "Turn finished" not in row] == [STORY]
    await live.person.stop(agent)


async def test_tools_show_what_went_in_and_what_came_out(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(
        script(
            {"blocks": [{"think": "I weigh it in silence."}, bash("pwd")]},
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
            bash("echo said-$((40 + 2))"),
            bash("echo broken-$((1 + 1)) >&2; exit 3"),
            "All shown.",
        ),
        name="Toolmaker",
    )
    person = await visit()
    await person.to_agent(agent)
    await person.says("Turn finished")

    command = person.log.get_by_role("button", name=re.compile("echo said-"))
    await expect(command).to_have_attribute("aria-expanded", "false")
    await expect(person.steps("said-42")).to_have_count(0)
    await command.click()
    await person.says("said-42")
    await command.click()
    await expect(person.steps("said-42")).to_have_count(0)

    failing = person.log.get_by_role("button", name=re.compile("echo broken-"))
    await expect(failing).to_have_attribute("aria-expanded", "true")
    await expect(failing).to_contain_text("exit 3")
    await person.says("broken-2")

    await person.log.get_by_role("button", name=re.compile("^Edit")).click()
    changes = person.log.get_by_role("group", name=re.compile("^Changes to .*a.py"))
    await expect(changes.locator("tr", has_text="removed")).to_contain_text("y = 2")
    await expect(changes.locator("tr", has_text="added")).to_contain_text("y = 3")

    thought = person.log.get_by_role("button", name=re.compile("^Thought"))
    await expect(thought).to_have_attribute("aria-expanded", "false")
    in_silence = person.log.get_by_role("paragraph").filter(has_text=re.compile("^I weigh it"))
    await expect(in_silence).to_have_count(0)
    await thought.click()
    await expect(in_silence).to_be_visible()
    await person.shot("tools")
    await person.button("Unfold all steps").click()
    await person.says("x = 1")
