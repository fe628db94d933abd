"""Whatever an agent writes stays text: nothing of it runs, loads, leads away or breaks the page."""

import re

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig

from .conftest import Visiting
from .test_questions import ask
from .visit import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RAN = "window.ran=1;alert(1)"
MARKUP = (
    f"<script>{RAN}</script><img src=x onerror='{RAN}'><svg onload='{RAN}'></svg>"
    f"<iframe srcdoc='<script>parent.{RAN}</script>'></iframe>"
    "<style>body{display:none}</style><form action='https://evil.invalid/'><input></form>"
)
LINKS = (
    f"[one](javascript:{RAN}) [two](JaVaScRiPt:{RAN}) [three](data:text/html,<script>{RAN})"
    f" <javascript:{RAN}> ![four](https://evil.invalid/pixel.png) [five](vbscript:x)"
    " [six]: https://evil.invalid/ [seven](//evil.invalid/) [honest](https://example.invalid/)"
)
BIDI = "\u202eRIGHT-TO-LEFT\u2066\u2067 \u200f\u0000bell\u0007"
ESCAPES = (
    r"\033[31mred\033[0m\033[2J\033]0;title\007\033]8;;javascript:alert(1)\007link\033]8;;\007"
)
# Each of them alone took a page down while it was read or drawn.
NESTED = (
    ">" * 9_000,
    "- " * 3_000 + "a",
    "_a" * 8_000,
    "|a" * 100 + "|\n" + "|-" * 100 + "|\n" + "|\n" * 3_000,
)
HOSTILE_NAME = f"<img src=x onerror={RAN}>\u202eeman"
ALLOWED = ("leads: https://example.invalid/", "leads: https://evil.invalid/")
LINE_CHARS = 50_000
# Reads on from where the log stands; what it found on the way, as "what: example".
FOUND = """
async (log) => {
  const found = new Set();
  const look = (what, selector) => {
    const all = document.querySelectorAll(selector);
    for (const each of all) found.add(`${what}: ${each.outerHTML}`);
  };
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let still = 0; still < 5; ) {
    look("runs", "main script, main iframe, main object, main embed");
    look("loads", "main img, main link, main style, main svg image");
    look("asks", "[role=log] form");
    for (const each of document.querySelectorAll("main *")) {
      const acts = each.getAttributeNames().some((name) => name.startsWith("on"));
      if (acts) found.add(`acts: ${each.outerHTML}`);
    }
    for (const each of document.querySelectorAll("main a")) found.add(`leads: ${each.href}`);
    const before = log.scrollTop;
    log.scrollTop += log.clientHeight * 0.5;
    await frame();
    await frame();
    still = log.scrollTop === before ? still + 1 : 0;
  }
  if (window.ran !== undefined) found.add("ran");
  return [...found];
}
"""


async def test_nothing_of_it_runs_or_loads(live: Rig, visit: Visiting) -> None:
    agent = await live.person.spawn(
        script(
            {
                "blocks": [
                    {"think": f"{MARKUP} {BIDI}"},
                    f"{MARKUP}\n\n{LINKS}\n\n{BIDI} after",
                    bash(f"echo \"{MARKUP}\"; printf '{ESCAPES}\\n'; echo end-$((1 + 1))"),
                ]
            },
            {
                "blocks": [
                    f"# {MARKUP}\n\n| {MARKUP} |\n|---|\n| {LINKS} |\n\n"
                    f"```html\n{MARKUP}\n```\n\n- {LINKS}",
                    bash(f'echo "{MARKUP}" >&2; exit 1'),
                ]
            },
            ask((f"Which {MARKUP}?", False, (f"{MARKUP}", f"{LINKS} {BIDI}"))),
            {"blocks": [*NESTED, bash("true")]},
            {"tool": MARKUP[:60], "input": {MARKUP: MARKUP}},
            "Still here.",
        ),
        name=HOSTILE_NAME,
        purpose=MARKUP,
    )
    person = await visit()
    await person.go()
    await expect(person.page.get_by_role("radio").first).to_be_visible()
    await person.shot("hostile-fleet")
    await person.to_agent(agent)
    await expect(person.page.get_by_role("heading", level=1)).to_have_text(HOSTILE_NAME)
    await person.question.get_by_role("radio").nth(1).check()
    await person.shot("hostile-question")
    await person.question.get_by_role("button", name="Answer").click()
    await person.says("Still here.")
    await person.button("Unfold all steps").click()
    rows = "".join(await person.all_rows())
    assert "<script>" in rows
    assert "end-2" in rows
    assert "\nredlink\n" in rows

    await person.page.keyboard.press("Home")
    found: list[str] = await person.log.evaluate(FOUND)
    assert f"leads: {person.url}/" in found
    assert "leads: https://example.invalid/" in found
    assert [
        each for each in found if not each.startswith((*ALLOWED, f"leads: {person.url}/"))
    ] == []
    for viewport in (DESKTOP, PHONE):
        await person.page.set_viewport_size(viewport)
        assert await person.overflows() == []
        await person.shot(f"hostile-end-{viewport['width']}")


async def test_lines_without_an_end_leave_the_page_usable(live: Rig, visit: Visiting) -> None:
    endless = "A" * LINE_CHARS
    agent = await live.person.spawn(
        script(
            # The prompt twice: more than 100,000 characters without a break.
            {
                "blocks": [
                    "<<message>><<message>>",
                    bash("head -c 100000 /dev/zero | tr '\\0' B; echo; echo end-of-$((1 + 1))"),
                ]
            },
            "Listening.",
            text=endless,
        ),
        name=f"Endless {'N' * 240}",
        keepAliveSeconds=None,
    )
    person = await visit()
    await person.to_agent(agent)
    await person.says("Listening.")
    await person.button("Unfold all steps").click()
    assert await person.overflows() == []
    await person.shot("endless-line")
    await person.chat.fill("Do you hear me?")
    await person.page.keyboard.press("Enter")
    await person.says(re.compile("admin.*Do you hear me", re.S))
    await live.person.stop(agent)
    await expect(person.page.get_by_text("Stopped by admin.", exact=True).last).to_be_visible()
