"""The composition root: settings → store → runtime → services → loops → web.

Owns the order of start and shutdown; must not hold logic of any of them.
"""

import asyncio
import contextlib
import fcntl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import IO

import structlog

from autosclaw import __version__
from autosclaw.manager import keys
from autosclaw.manager.domain.usage import PriceTable
from autosclaw.manager.gateway.forward import Gateway
from autosclaw.manager.gateway.router import create_router
from autosclaw.manager.gateway.upstream import ApiKey, OAuthToken, Upstream
from autosclaw.manager.listeners import Listener, bind
from autosclaw.manager.loops.steps import Steps
from autosclaw.manager.loops.supervisor import Supervisor
from autosclaw.manager.runtimes.base import Runtime, RuntimeUnavailable
from autosclaw.manager.runtimes.registry import Choice, Place, choose
from autosclaw.manager.services.accounts import Accounts
from autosclaw.manager.services.agents import AgentService
from autosclaw.manager.services.clock import Clock, utc_now
from autosclaw.manager.services.conversations import Conversations
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.life import Life
from autosclaw.manager.services.links import Links
from autosclaw.manager.services.metering import Metering
from autosclaw.manager.services.spools import Spools
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.settings import Credentials, OnShutdown, Settings
from autosclaw.manager.store import config, schema
from autosclaw.manager.store.database import Database
from autosclaw.manager.web.apps import agents_app, main_app
from autosclaw.manager.web.context import Context
from autosclaw.manager.web.pages import Pages
from autosclaw.protocol import ids
from autosclaw.protocol.bootstrap import ProviderCredentials
from autosclaw.protocol.live import Server

log = structlog.get_logger()
_SETTLE_SECONDS = 11.0


class AlreadyRunning(Exception):
    """Another manager uses this data directory."""


class UnusableFolder(Exception):
    """The data directory cannot be made or written."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a person wants to know when it runs. `made_password`: to be shown once."""

    url: str
    runtime: str
    warning: str | None
    username: str | None
    made_password: str | None
    agents_url: str


def lock(data_dir: Path) -> IO[str]:
    """Hold the data directory for this process. Raises AlreadyRunning, UnusableFolder."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (data_dir / "lock").open("a+")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnusableFolder(f"DATA_DIR={data_dir} cannot be used: {reason}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunning(
            f"another autosclaw uses {data_dir}: stop it, or set DATA_DIR to another folder"
        ) from None
    return file


class Manager:
    """One manager: `start`, then `stop`. Everything it owns is made in `start`, in order.

    runtime: makes the runtime of an installation; without it the settings and the machine
    decide. clock: what time it is, for all but the sockets' own waits.
    """

    def __init__(
        self,
        settings: Settings,
        image: str,
        environ: Mapping[str, str],
        static: Path | None,
        *,
        runtime: Callable[[str], Runtime] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._image = image
        self._environ = environ
        self._static = static
        self._runtime = runtime
        self._clock = clock
        self._loops: list[asyncio.Task[None]] = []
        self._stack = contextlib.AsyncExitStack()
        self._agents_url = ""
        self._context: Context | None = None
        self._pages: Pages | None = None

    async def start(self) -> Ready:
        """Raises AlreadyRunning, RuntimeRejected, CannotListen, StoreUnavailable, OSError and the
        errors of keys and schema, each with one sentence for a person."""
        settings = self._settings
        stack = self._stack
        stack.enter_context(lock(settings.data_dir))
        database = Database(settings.database)
        await asyncio.to_thread(schema.migrate, database.engine)
        database.start()
        stack.push_async_callback(database.close)
        installation = await database.write(
            lambda tx: config.setdefault(tx, "installation", ids.new_id().replace("-", "")[:12])
        )
        chosen = await self._choose(installation)
        stack.push_async_callback(chosen.runtime.close)
        stack.push_async_callback(_tidy, chosen.runtime)
        await chosen.runtime.check()
        context, steps, pages, metering = await self._services(database, chosen.runtime)
        main, agents = await self._listeners(context, pages, metering, chosen.runtime)
        made = await context.accounts.seed_admin(
            settings.admin_username,
            settings.admin_password.get_secret_value() if settings.admin_password else None,
        )
        self._wire(context, steps, pages, chosen.runtime)
        await agents.start()
        stack.push_async_callback(agents.stop)
        await main.start()
        stack.push_async_callback(main.stop)
        local = ip_address(settings.bind).is_loopback or ip_address(settings.bind).is_unspecified
        shown = "localhost" if local else settings.bind
        return Ready(
            url=f"http://{shown}:{main.port}",
            runtime=chosen.runtime.name,
            warning=chosen.warning,
            username=settings.admin_username or "admin",
            made_password=made,
            agents_url=self._agents_url,
        )

    async def _choose(self, installation: str) -> Choice:
        if self._runtime is not None:
            return Choice(self._runtime(installation))
        settings = self._settings
        place = Place(
            installation, self._image, settings.data_dir, self._environ, settings.oci_runtime
        )
        return await choose(settings.runtime, place)

    async def _services(
        self, database: Database, runtime: Runtime
    ) -> tuple[Context, Steps, Pages, Metering]:
        settings = self._settings
        clock = self._clock
        fleet = Fleet(database)
        transcripts = Transcripts(database, clock)
        life = Life(transcripts, fleet)
        service = AgentService(database, transcripts, fleet, clock, settings.default_model)
        links = Links(
            database, transcripts, fleet, service, clock, subscription=settings.subscription
        )
        secret = settings.jwt_secret
        accounts = Accounts(
            database,
            links,
            clock,
            secret.get_secret_value()
            if secret
            else keys.load_or_create(settings.data_dir / "keys" / "jwt"),
        )
        self._stack.callback(accounts.close)
        metering = Metering(database, transcripts, fleet, links)
        self._stack.callback(metering.close)
        steps = Steps(
            database,
            runtime,
            life,
            links,
            Spools(transcripts, clock),
            lambda: self._agents_url,
            self._direct_credentials(),
            settings.agent_memory_mb << 20,
            settings.agent_cpus,
        )
        self._supervisor = Supervisor(database, runtime, steps, life, fleet, clock)
        context = Context(
            database=database,
            accounts=accounts,
            agents=service,
            conversations=Conversations(transcripts, fleet),
            fleet=fleet,
            transcripts=transcripts,
            links=links,
            server=Server(
                version=__version__,
                runtime=runtime.name,  # pyright: ignore[reportArgumentType]
                isolated=runtime.isolated,
                rehearsal=settings.rehearsal,
                default_model=settings.default_model,
            ),
            epoch=ids.new_id(),
            static=self._static,
            allowed_origins=tuple(settings.allowed_origins),
        )
        self._context = context
        return context, steps, Pages(fleet), metering

    async def _listeners(
        self, context: Context, pages: Pages, metering: Metering, runtime: Runtime
    ) -> tuple[Listener, Listener]:
        settings = self._settings
        people = bind(settings.bind, settings.port, "BIND", "PORT")
        self._stack.callback(people.close)
        host = settings.manager_host or await runtime.manager_host()
        agents = bind(host, settings.agents_port, "MANAGER_HOST", "AGENT_PORT")
        self._stack.callback(agents.close)
        port = int(agents.getsockname()[1])
        self._agents_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        gateway = Gateway(Upstream(settings.anthropic_base_url, self._key()), PriceTable.load())
        self._stack.push_async_callback(gateway.aclose)
        return (
            Listener(main_app(context, pages), people),
            Listener(agents_app(context, create_router(metering, gateway)), agents),
        )

    def _wire(self, context: Context, steps: Steps, pages: Pages, runtime: Runtime) -> None:
        """Hints: who is told to look when something changed."""
        context.agents.hint = self._supervisor.hint
        context.conversations.hint = context.links.hint
        context.links.on_gone = self._supervisor.hint
        context.transcripts.on_broken.append(pages.resync)
        self._pages = pages
        for loop in (self._supervisor.run(), pages.run()):
            self._loops.append(asyncio.create_task(loop))

    def _key(self) -> ApiKey | OAuthToken:
        settings = self._settings
        if settings.anthropic_api_key is not None:
            return ApiKey(settings.anthropic_api_key.get_secret_value())
        if settings.claude_code_oauth_token is not None:
            return OAuthToken(settings.claude_code_oauth_token.get_secret_value())
        return ApiKey("not-set")

    def _direct_credentials(self) -> ProviderCredentials | None:
        settings = self._settings
        if settings.credentials is not Credentials.DIRECT:
            return None
        key, token = settings.anthropic_api_key, settings.claude_code_oauth_token
        return ProviderCredentials(
            base_url=settings.anthropic_base_url,
            api_key=key.get_secret_value() if key else None,
            oauth_token=token.get_secret_value() if token else None,
        )

    async def stop(self) -> int:
        """Shut down within 15 s; returns how many agents are still running (G13)."""
        left = 0
        if self._context is not None and self._loops:
            context = self._context
            context.agents.accepting = False
            if self._settings.agents_on_shutdown is OnShutdown.STOP:
                await context.agents.stop_all("shutdown")
                left = await self._supervisor.settle(_SETTLE_SECONDS)
            else:
                left = await context.agents.count_live()
            context.links.cut_all()
        if self._pages is not None:
            self._pages.close_all(1012, "the manager restarts")
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._stack.aclose()
        return left


async def _tidy(runtime: Runtime) -> None:
    with contextlib.suppress(RuntimeUnavailable):
        await runtime.tidy()
