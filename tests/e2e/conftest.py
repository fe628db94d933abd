"""A real browser before a real manager: one of each for all tests of this folder.

What is missing (Chromium, the built page) skips with its reason; AUTOSCLAW_REQUIRE_BROWSER=1 turns
that into a failure. Agents live in containers where an engine answers, else they are processes.
"""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from autosclaw.testing.image import agent_image
from autosclaw.testing.live_manager import PASSWORD, USERNAME
from autosclaw.testing.rig import Rig, rig

from .visit import SHOTS, WAIT_SECONDS, Visit

CHECKOUT = Path(__file__).parents[2]
DIST = CHECKOUT / "dashboard" / "dist" / "index.html"
BUILD_SECONDS = 600
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-smooth-scrolling",
)
FAILED = pytest.StashKey[bool]()

Visiting = Callable[..., Awaitable[Visit]]


def _missing(reason: str) -> NoReturn:
    if os.environ.get("AUTOSCLAW_REQUIRE_BROWSER") == "1":
        pytest.fail(f"AUTOSCLAW_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    named = os.environ.get("AUTOSCLAW_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or _missing("Chromium is not installed")


@pytest.fixture(scope="session")
def dashboard() -> Path:
    """The built page; made when it is missing."""
    if not DIST.exists():
        if shutil.which("npm") is None:
            _missing("the dashboard is not built, and Node.js is missing")
        made = subprocess.run(
            ["make", "dashboard"],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        if made.returncode:
            pytest.fail(f"the dashboard could not be built: {made.stderr[-2_000:]}")
    return DIST.parent


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One process; every visit has a profile of its own."""
    expect.set_options(timeout=WAIT_SECONDS * 1_000)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(ARGS))
        yield launched
        await launched.close()


def _image() -> str | None:
    """The agents' image; None: they are processes."""
    if os.environ.get("AUTOSCLAW_SKIP_DOCKER") == "1":
        return None
    try:
        return agent_image(os.environ)
    except pytest.skip.Exception:
        return None


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def live(dashboard: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """The manager of all tests, on the rehearsal model it brings itself."""
    async with rig(tmp_path_factory.mktemp("e2e"), _image(), REHEARSAL="true") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def unused(dashboard: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    """A manager that never had an agent."""
    async with rig(tmp_path, None, REHEARSAL="true") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    browser: Browser, live: Rig, request: pytest.FixtureRequest
) -> AsyncIterator[Visiting]:
    """`await visit()` opens a page, signed in unless told otherwise.

    Fails afterwards when a page logged an error, broke its content security policy, opened a
    dialog of the browser, or asked anything of another origin.
    """
    made: list[Visit] = []

    async def open_page(
        *, signed_in: bool = True, url: str = live.manager.url, **options: Any
    ) -> Visit:
        context = await browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "color_scheme": "light", **options}
        )
        visiting = Visit(await context.new_page(), url)
        made.append(visiting)
        if signed_in:
            answer = await context.request.post(
                f"{url}/auth/login", data={"username": USERNAME, "password": PASSWORD}
            )
            assert answer.ok, await answer.text()
        return visiting

    yield open_page
    for number, visiting in enumerate(made):
        if request.node.stash.get(FAILED, False):
            SHOTS.mkdir(parents=True, exist_ok=True)
            await visiting.page.screenshot(path=SHOTS / f"failed-{request.node.name}-{number}.png")
        await visiting.page.context.close()
    assert [problem for visiting in made for problem in visiting.problems] == []
