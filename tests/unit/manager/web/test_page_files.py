"""The page's files, and what holds for every answer."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from autosclaw.manager.web.middleware import Envelope
from autosclaw.manager.web.static import Page


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _broken(_request: Request) -> PlainTextResponse:
    raise RuntimeError("inner words")


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("the page")
    (folder / "assets" / "a-1.js").write_text("code")
    (folder / "assets" / "a-1.js.gz").write_bytes(gzip.compress(b"packed code"))
    (folder / "icon.svg").write_text("icon")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    app = Starlette(
        routes=[
            Route("/echo", _echo, methods=["POST"]),
            Route("/free/echo", _echo, methods=["POST"]),
            Route("/broken", _broken),
            Route("/{path:path}", Page(folder).serve),
        ]
    )
    app.add_middleware(Envelope, exempt=("/free/",))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        yield client


async def test_every_view_is_the_page_and_assets_are_for_ever(page: httpx.AsyncClient) -> None:
    for view in ("/", "/agents/x", "/settings", "/link"):
        answer = await page.get(view)
        assert (answer.status_code, answer.text) == (200, "the page"), view
        assert answer.headers["cache-control"] == "no-cache"
    asset = await page.get("/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert asset.text == "code"
    assert "immutable" in asset.headers["cache-control"]
    assert (await page.get("/icon.svg")).text == "icon"
    assert (await page.get("/assets/gone.js")).status_code == 404
    for door in ("/api/x", "/auth/x", "/v1/x", "/ws/x"):
        assert (await page.get(door)).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/assets/%2e%2e/%2e%2e/secret", "//secret",
     "/%00", "/link", "/" + "x" * 5_000],
)  # fmt: skip
async def test_nothing_outside_the_folder_is_served(page: httpx.AsyncClient, path: str) -> None:
    answer = await page.get(path)
    assert "secret" not in answer.text
    assert answer.status_code in (200, 404)


async def test_every_answer_is_wrapped(page: httpx.AsyncClient) -> None:
    seen = set()
    for path, status in (("/", 200), ("/api/x", 404), ("/broken", 500)):
        answer = await page.get(path)
        assert answer.status_code == status
        assert "inner words" not in answer.text
        seen.add(answer.headers["x-request-id"])
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert len(seen) == 3


async def test_bodies_are_bounded_but_for_the_exempt(page: httpx.AsyncClient) -> None:
    limit = 1 << 20
    assert (await page.post("/echo", content=b"x" * limit)).text == str(limit)
    large = b"x" * (limit + 1)
    assert (await page.post("/echo", content=large)).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        yield large

    assert (await page.post("/echo", content=chunks())).status_code == 413
    assert (await page.post("/free/echo", content=large)).text == str(limit + 1)


async def test_packed_files_go_to_those_who_take_them(page: httpx.AsyncClient) -> None:
    for accepted, text in (("gzip, br", "packed code"), ("br", "code"), ("", "code")):
        answer = await page.get("/assets/a-1.js", headers={"Accept-Encoding": accepted})
        assert answer.text == text, accepted
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert ("content-encoding" in answer.headers) is (text == "packed code")
