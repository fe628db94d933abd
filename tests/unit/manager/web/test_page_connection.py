"""A page's queue: news of the fleet never overtake the list that they change."""

from pathlib import Path

from autosclaw.manager.domain.policy import UserActor
from autosclaw.manager.services.clock import utc_now
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store.database import Database
from autosclaw.manager.web.page_connection import PageConnection
from autosclaw.protocol.people import Role


def page_of(tmp_path: Path) -> PageConnection:
    unused = Transcripts(Database(f"sqlite:///{tmp_path / 'a.db'}"), utc_now)
    return PageConnection(UserActor("u", "ada", Role.MEMBER), "token", unused, plain=False)


async def frames(page: PageConnection) -> list[str]:
    page.close(1000, "")
    found: list[str] = []
    while (frame := await page.next_frame()) is not None:
        found.append(frame)
    return found


async def test_news_follow_the_list(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    page.push("welcome")
    page.tell("changed 1")
    page.push("list")
    page.tell("changed 2")
    page.greeted()
    page.tell("changed 3")
    assert await frames(page) == ["welcome", "list", "changed 1", "changed 2", "changed 3"]


async def test_a_list_that_never_comes_ends_the_page(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    for number in range(1_000):
        page.tell(str(number))
    assert page.closing is not None
    assert page.closing[0] == 1013
