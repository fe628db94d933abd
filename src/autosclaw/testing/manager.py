"""A real manager for tests: real database, real sockets on loopback, boxes of a fake engine.

Owns its settings and its people. Must not reach into the manager: what a test wants to know it
asks through the doors, the engine or the database.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bcrypt

from autosclaw.manager.app import Manager
from autosclaw.manager.services.accounts import prepare
from autosclaw.manager.services.clock import Clock, utc_now
from autosclaw.manager.settings import Settings
from autosclaw.manager.store import schema, users
from autosclaw.manager.store.database import Database
from autosclaw.protocol import ids
from autosclaw.protocol.people import Role
from autosclaw.testing.fake_runtime import FakeBox, FakeEngine, FakeRuntime

PASSWORD = "correct horse battery staple"  # noqa: S105
PEOPLE = {
    "admin": Role.ADMIN,
    "member": Role.MEMBER,
    "neighbour": Role.MEMBER,
    "viewer": Role.VIEWER,
}
_DATABASE = "autosclaw.db"


async def until_stopped(box: FakeBox) -> int:
    """A box in which nobody lives: it ends when it is told to."""
    await box.terminated.wait()
    return 0


@cache
def _seeded() -> bytes:
    """A database of the newest schema with PEOPLE in it, all with PASSWORD, quickly hashed."""
    with TemporaryDirectory() as folder:
        path = Path(folder, _DATABASE)
        database = Database(f"sqlite:///{path}")
        schema.migrate(database.engine)
        hashed = bcrypt.hashpw(prepare(PASSWORD), bcrypt.gensalt(4)).decode()
        with database.engine.connect() as connection, connection.begin():
            for name, role in PEOPLE.items():
                users.add(connection, ids.new_id(), name, hashed, role, utc_now())
        database.engine.dispose()
        return path.read_bytes()


class RunningManager:
    """A manager over `engine` with its data in `folder`; start another to play a restart.

    A restarted one needs the ports of the first (`ports`): boxes know its address.
    """

    def __init__(
        self,
        folder: Path,
        engine: FakeEngine,
        *,
        clock: Clock = utc_now,
        ports: tuple[int, int] = (0, 0),
        **settings: Any,
    ) -> None:
        if not (folder / _DATABASE).exists():
            (folder / _DATABASE).write_bytes(_seeded())
        self.folder = folder
        self.engine = engine
        self.installation = ""
        self.url = ""
        self.agents_url = ""
        chosen: dict[str, Any] = {
            "data_dir": folder,
            "database_url": f"sqlite:///{folder / _DATABASE}",
            "port": ports[0],
            "agent_port": ports[1],
            "bind": "127.0.0.1",
            "manager_host": "127.0.0.1",
            "anthropic_base_url": "http://127.0.0.1:9",
            "anthropic_api_key": None,
            "claude_code_oauth_token": None,
            "admin_username": None,
            "admin_password": None,
            "jwt_secret": None,
            "_env_file": None,
        }
        self.manager = Manager(
            Settings(**(chosen | settings)),
            "fake",
            {},
            None,
            runtime=self._runtime,
            clock=clock,
        )

    def _runtime(self, installation: str) -> FakeRuntime:
        self.installation = installation
        made = FakeRuntime(self.engine, installation)
        made.name = "docker"  # pages know the names of real runtimes only
        return made

    async def start(self) -> None:
        """Returns when both ports answer."""
        ready = await self.manager.start()
        self.url = ready.url.replace("localhost", "127.0.0.1")
        self.agents_url = ready.agents_url

    async def stop(self) -> int:
        """How many agents still run."""
        return await self.manager.stop()

    @property
    def ports(self) -> tuple[int, int]:
        """Of people and of agents."""
        return int(self.url.rpartition(":")[2]), int(self.agents_url.rpartition(":")[2])

    def box(self, agent_id: str) -> FakeBox | None:
        """The agent's box, if there is one."""
        return self.engine.boxes.get((self.installation, agent_id))

    def bootstrap(self, agent_id: str) -> dict[str, Any]:
        """What the agent's box was told on standard input."""
        box = self.box(agent_id)
        if box is None:
            raise LookupError(f"agent {agent_id} has no box")
        return json.loads(box.spec.bootstrap)


@asynccontextmanager
async def running_manager(
    folder: Path, engine: FakeEngine | None = None, **settings: Any
) -> AsyncGenerator[RunningManager]:
    """A manager that is stopped in the end; without `engine` its boxes are empty."""
    made = RunningManager(folder, engine or FakeEngine(until_stopped), **settings)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()
