"""Everything an end-to-end test stands on: a model, a manager, a person, and a look at the boxes.

Must leave nothing behind: leaving it stops the manager and removes what carries its label, after
checking that a manager that was told to stop left nothing itself.
"""

import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autosclaw.manager.runtimes import process_table
from autosclaw.manager.runtimes.docker_engine import Engine, engine_url
from autosclaw.testing.boxes_view import BoxesView
from autosclaw.testing.live_client import LiveClient
from autosclaw.testing.live_manager import PASSWORD, USERNAME, LiveManager
from autosclaw.testing.watched_model import KEY, WatchedModel


@dataclass(frozen=True, slots=True)
class Rig:
    """boxes: None for the process runtime."""

    manager: LiveManager
    model: WatchedModel
    person: LiveClient
    boxes: BoxesView | None

    @property
    def containers(self) -> BoxesView:
        """The engine's view; only where agents live in containers."""
        assert self.boxes is not None
        return self.boxes

    async def use_direct_credentials(self) -> None:
        """Let agents speak to the model without the manager between: its death cuts no answer."""
        url = self.model.url
        if self.boxes is not None:
            url = await self.model.listen(await self.boxes.gateway())
        # An orderly end would take the boxes' network, and with it this address, along.
        await self.manager.kill()
        self.manager.settings |= {"CREDENTIALS": "direct", "ANTHROPIC_BASE_URL": url}
        await self.manager.start()

    def processes(self, agent_id: str = "") -> list[int]:
        """Processes of this machine whose HOME is below the manager's data directory, of one
        agent or of all."""
        return _processes_of(self.manager, agent_id)


@asynccontextmanager
async def rig(
    folder: Path,
    image: str | None,
    *,
    key: str = KEY,
    password: str = PASSWORD,
    **settings: str,
) -> AsyncGenerator[Rig, None]:
    """A manager that runs and a person who is signed in.

    image: the agents' image; None: they are processes of this machine. key: the provider's.
    password: the admin's. settings: variables for the manager. Fails on the way out when a
    manager that was told to stop left boxes.
    """
    model = WatchedModel(key)
    await model.start()
    where = {"RUNTIME": "process"} if image is None else {"RUNTIME": "docker", "AGENT_IMAGE": image}
    manager = LiveManager(
        folder, **{**where, **model.settings, "ADMIN_PASSWORD": password, **settings}
    )
    person = LiveClient(manager.url)
    boxes: BoxesView | None = None
    try:
        await manager.start()
        if image is not None:
            boxes = BoxesView(Engine(engine_url(os.environ)), manager.installation())
        await person.sign_in(USERNAME, password)
        made = Rig(manager, model, person, boxes)
        yield made
        await _leave_in_order(made)
    finally:
        await person.close()
        await manager.kill()
        await model.close()
        await _sweep(manager, boxes, image)


async def _leave_in_order(made: Rig) -> None:
    if not made.manager.runs or made.manager.settings.get("AGENTS_ON_SHUTDOWN") == "keep":
        return
    code, _ = await made.manager.terminate()
    assert code == 0, made.manager.said()
    left = await made.boxes.all() if made.boxes is not None else made.processes()
    assert not left, f"boxes are left after the manager was told to stop: {list(left)}"


async def _sweep(manager: LiveManager, boxes: BoxesView | None, image: str | None) -> None:
    if image is None:
        for pid in _processes_of(manager):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return
    if boxes is None and manager.installation():
        boxes = BoxesView(Engine(engine_url(os.environ)), manager.installation())
    if boxes is not None:
        await boxes.sweep()
        await boxes.close()


def _processes_of(manager: LiveManager, agent_id: str = "") -> list[int]:
    mark = re.compile(
        rb"\0HOME=" + re.escape(os.fsencode(manager.data_dir)) + rb"/[^\0]*" + agent_id.encode()
    )
    numbers = [int(e.name) for e in os.scandir(process_table.PROC) if e.name.isdecimal()]
    return [pid for pid in numbers if mark.search(b"\0" + _environment(pid))]


def _environment(pid: int) -> bytes:
    try:
        return (process_table.PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""
