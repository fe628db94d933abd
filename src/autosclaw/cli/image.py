"""Which image agents run in: the one that is set, else the checkout's own, built when it changed.

Must not know how it is built (scripts/agent-image does).
"""

import asyncio
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
_SCRIPT = CHECKOUT / "scripts" / "agent-image"
_BUILD_SECONDS = 1_800


class ImageError(Exception):
    """There is no agent image and none could be built; the sentence says why."""


async def agent_image() -> str:
    """The image's tag; builds it when it is missing. Raises ImageError."""
    if not _SCRIPT.exists():
        raise ImageError("set AGENT_IMAGE: this installation cannot build the agent image itself")
    process = await asyncio.create_subprocess_exec(
        str(_SCRIPT), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _BUILD_SECONDS)
    except TimeoutError:
        process.kill()
        raise ImageError(f"building the agent image took longer than {_BUILD_SECONDS} s") from None
    lines = output.decode().split()
    if process.returncode != 0 or not lines:
        raise ImageError("the agent image could not be built; the lines above say why")
    return lines[-1]


def dashboard() -> Path | None:
    """The built page: beside the code, or in the checkout."""
    for folder in (
        Path(__file__).resolve().parents[1] / "manager" / "web" / "static",
        CHECKOUT / "dashboard" / "dist",
    ):
        if (folder / "index.html").is_file():
            return folder
    return None
