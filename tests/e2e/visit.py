"""One open page and what went wrong on it; the moves that several tests make.

Must not reach into the page's own code: it sees what a person, or a screen reader, sees.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import (
    ConsoleMessage,
    Dialog,
    Error,
    Locator,
    Page,
    Request,
    WebSocket,
    expect,
)

SHOTS = Path(__file__).parents[2] / ".build" / "e2e"
WAIT_SECONDS = 40
POLL_SECONDS = 0.1
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

# Every row the reader can scroll to, as (number, text): from where it stands to the end.
_READ_ALL = """
async (log) => {
  const rows = new Map();
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let still = 0; still < 5; ) {
    for (const row of log.querySelectorAll("[data-index]")) {
      // The minute stands before the first row it belongs to.
      const time = row.querySelector("time")?.innerText ?? "";
      rows.set(Number(row.dataset.index), row.innerText.replace(time, "").trim());
    }
    const before = log.scrollTop;
    log.scrollTop += log.clientHeight * 0.5;
    await frame();
    await frame();
    still = log.scrollTop === before ? still + 1 : 0;
  }
  return [...rows].sort((a, b) => a[0] - b[0]);
}
"""
_OVERFLOW = """
() => [...document.querySelectorAll("html, body, main, [role=log], dialog[open], nav, header")]
  .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1)
  .map((each) => `${each.tagName} ${each.scrollWidth} > ${each.clientWidth}`)
"""


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """The first true result of `look`. Fails with `what` after WAIT_SECONDS."""
    end = time.monotonic() + WAIT_SECONDS
    while not (found := await look()):
        assert time.monotonic() < end, f"never happened: {what} (last: {found!r})"
        await asyncio.sleep(POLL_SECONDS)
    return found


class Visit:
    """`problems`: sentences, empty on a sound page. `asked`: addresses of all requests."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problems: list[str] = []
        self.asked: list[str] = []
        self._tolerated = [r"status of 401 .* http://[^/]+/auth/me$"]
        page.set_default_timeout(WAIT_SECONDS * 1_000)
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)
        page.on("dialog", self._on_dialog)
        page.on("request", self._on_request)
        page.on("websocket", self._on_socket)
        page.on("popup", lambda popup: self.problems.append(f"opened {popup.url}"))

    def tolerate(self, pattern: str) -> None:
        """Console errors that are right here: the text, a space, the address."""
        self._tolerated.append(pattern)

    def _on_console(self, message: ConsoleMessage) -> None:
        said = f"{message.text} {message.location['url']}"
        if message.type != "error" or any(re.search(each, said) for each in self._tolerated):
            return
        self.problems.append(f"console: {said[:500]}")

    def _on_page_error(self, error: Error) -> None:
        self.problems.append(f"uncaught: {error}")

    async def _on_dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        self._note(request.url, self.url)

    def _on_socket(self, socket: WebSocket) -> None:
        self._note(socket.url, self.url.replace("http", "ws", 1))

    def _note(self, address: str, origin: str) -> None:
        self.asked.append(address)
        if not address.startswith((f"{origin}/", "data:", "blob:")):
            self.problems.append(f"asked another origin: {address[:200]}")

    @property
    def navigation(self) -> Locator:
        """The bar with the connection's state, whichever of both is shown."""
        return self.page.get_by_role("navigation", name="Main")

    @property
    def log(self) -> Locator:
        """The transcript."""
        return self.page.get_by_role("log")

    @property
    def dialog(self) -> Locator:
        """The open dialog of the page."""
        return self.page.get_by_role("dialog")

    @property
    def question(self) -> Locator:
        """Where the open question of an agent is answered."""
        return self.page.get_by_role("region", name="Needs an answer")

    @property
    def chat(self) -> Locator:
        """The field to write to the agent."""
        return self.page.get_by_role("textbox", name="Message to this agent")

    def button(self, name: str) -> Locator:
        """By its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def go(self, path: str = "/") -> None:
        """Open an address of the page and wait until it is live."""
        await self.page.goto(f"{self.url}{path}")
        await self.is_live()

    async def to_agent(self, agent_id: str) -> None:
        """Open an agent's page."""
        await self.go(f"/agents/{agent_id}")

    async def is_live(self) -> None:
        """Wait until the page says that it is up to date."""
        await expect(self.navigation.get_by_role("status")).to_have_text("Live")

    def steps(self, text: str | re.Pattern[str]) -> Locator:
        """Rows near the reader that hold a text, but for prompts that bring a script."""
        rows = self.log.locator("[data-index]").filter(has_text=text)
        return rows.filter(has_not_text="SCRIPT:")

    async def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until a step near the reader holds a text."""
        await expect(self.steps(text).first).to_be_visible()

    async def all_rows(self) -> list[str]:
        """The whole transcript as it reads, by scrolling through it from its prompt."""
        await self.log.focus()

        async def at_the_beginning() -> bool:
            await self.page.keyboard.press("Home")
            first = self.log.locator('[data-index="0"]')
            # Rows come and go while it looks: nothing here may wait for one.
            return "SCRIPT:" in "".join(await first.all_inner_texts())

        await until(at_the_beginning, "the first step is in view")
        found = await self.log.evaluate(_READ_ALL)
        assert [number for number, _ in found] == list(range(len(found)))
        return [text for _, text in found]

    async def overflows(self) -> list[str]:
        """What is wider than its place, so that somebody had to scroll sideways."""
        return await self.page.evaluate(_OVERFLOW)

    async def shot(self, name: str) -> None:
        """Keep a picture for people to look at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{name}.png")
