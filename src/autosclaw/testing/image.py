"""Which agent image the tests on an engine use, or why they are skipped.

Must not build anything: `make image` does. AUTOSCLAW_REQUIRE_DOCKER=1 turns a skip into a failure.
"""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from autosclaw.manager.runtimes.docker_engine import engine_url

IMAGE_FILE = Path(__file__).parents[3] / ".build" / "agent-image"


def agent_image(environ: Mapping[str, str]) -> str:
    """The tag that was built last. Skips the test where there is no engine or no image."""
    url = engine_url(environ)
    if url.startswith("unix://") and not _listens(url.removeprefix("unix://")):
        _missing(environ, f"no engine answers at {url}")
    if not IMAGE_FILE.exists():
        _missing(environ, "the agent image was not built (make image)")
    return IMAGE_FILE.read_text().strip()


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def _missing(environ: Mapping[str, str], reason: str) -> NoReturn:
    if environ.get("AUTOSCLAW_REQUIRE_DOCKER") == "1":
        pytest.fail(f"AUTOSCLAW_REQUIRE_DOCKER=1, but {reason}")
    pytest.skip(reason)
