"""Which engine and image the container tests use, or why they are skipped.

AUTOSCLAW_REQUIRE_DOCKER=1 turns the skip into a failure. Podman's tests run when PODMAN_SOCKET is
set: the path of a socket of `podman system service` that holds the agent image.
"""

import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from autosclaw.manager.runtimes.docker_engine import engine_url

IMAGE_FILE = Path(__file__).parents[2] / ".build" / "agent-image"


@cache
def docker_engine() -> tuple[str, str]:
    """The engine's address and the agent image's tag."""
    url = engine_url(os.environ)
    if url.startswith("unix://") and not _listens(url.removeprefix("unix://")):
        _missing(f"no engine answers at {url}")
    if not IMAGE_FILE.exists():
        _missing("the agent image was not built (make image)")
    return url, IMAGE_FILE.read_text().strip()


def podman_engine(environ: Mapping[str, str]) -> tuple[str, str]:
    """The service's address and the agent image's tag, or PODMAN_IMAGE."""
    path = environ.get("PODMAN_SOCKET")
    if path is None:
        pytest.skip("PODMAN_SOCKET is not set")
    image = environ.get("PODMAN_IMAGE")
    if image is None and IMAGE_FILE.exists():
        image = f"localhost/{IMAGE_FILE.read_text().strip()}"
    if image is None:
        pytest.skip("PODMAN_IMAGE is not set and the agent image was not built")
    return f"unix://{path}", image


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def _missing(reason: str) -> NoReturn:
    if os.environ.get("AUTOSCLAW_REQUIRE_DOCKER") == "1":
        pytest.fail(f"AUTOSCLAW_REQUIRE_DOCKER=1, but {reason}")
    pytest.skip(reason)
