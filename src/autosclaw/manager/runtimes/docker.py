"""Agents in containers of a Docker engine, or of Podman through its compatible API.

Owns the order of the engine's calls; what they say is in `docker_spec`, what failures mean in
`docker_failures`. Must not touch a container without this installation's label.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from weakref import WeakValueDictionary

from autosclaw.manager.runtimes import docker_events, docker_spec
from autosclaw.manager.runtimes.base import (
    Box,
    BoxEvent,
    BoxSpec,
    BoxState,
    RuntimeGone,
    RuntimeRejected,
    RuntimeUnavailable,
)
from autosclaw.manager.runtimes.docker_archive import only_file
from autosclaw.manager.runtimes.docker_containers import Containers
from autosclaw.manager.runtimes.docker_engine import Engine, engine_url
from autosclaw.manager.runtimes.docker_failures import EngineError, classify
from autosclaw.manager.runtimes.docker_network import Network
from autosclaw.manager.runtimes.docker_spec import ContainerSettings, Json, Naming
from autosclaw.protocol.limits import SPOOL_BYTES
from autosclaw.protocol.spool import SPOOL_DIR, SPOOL_FILE

DELIVER_SECONDS = 30.0
STOP_MARGIN_SECONDS = 20.0
# An acknowledged part may still stand before the unacknowledged one; a file beyond this is no
# spool that a runner wrote.
SPOOL_READ_BYTES = 2 * SPOOL_BYTES


class DockerRuntime:
    """`base.Runtime` over one engine."""

    name = "docker"
    isolated = True

    def __init__(
        self,
        installation: str,
        image: str,
        *,
        url: str | None = None,
        oci_runtime: str | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        """Does not connect. Raises RuntimeRejected for an address nobody can speak to.

        url: unix:///path or tcp://host:port (None: DOCKER_HOST, else the usual sockets).
        command: replaces the image's own, for tests.
        """
        self._engine = Engine(url or engine_url(os.environ))
        self._naming = Naming(installation)
        self._settings = ContainerSettings(image, oci_runtime, command)
        self._network = Network(self._engine, self._naming)
        self._containers = Containers(self._engine, self._naming)
        self._starting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._podman: bool | None = None

    @property
    def url(self) -> str:
        """Where the engine listens."""
        return self._engine.url

    async def ping(self) -> None:
        """The engine answers. Raises RuntimeUnavailable."""
        with _classified():
            await self._is_podman()

    async def check(self) -> None:
        """See `base.Runtime.check`; also makes the network."""
        image = self._settings.image
        with _classified():
            podman = await self._is_podman()
            try:
                await self._engine.call("look for the image", "GET", f"/images/{image}/json")
            except EngineError as error:
                if error.status != 404:
                    raise
                raise RuntimeRejected(
                    f"the engine at {self.url} has no image {image}: build it with `make image`"
                ) from error
            await self._check_oci_runtime()
            await self._network.id(podman)

    async def manager_host(self) -> str:
        """The gateway of the boxes' network."""
        with _classified():
            return await self._network.gateway(await self._is_podman())

    async def start(self, spec: BoxSpec) -> None:
        """See `base.Runtime.start`. A box that the engine would not start is removed again."""
        # Two starts of one agent at once must not replace each other's half-made box. The lock
        # lives as long as somebody holds or awaits it.
        lock = self._starting.setdefault(spec.agent_id, asyncio.Lock())
        with _classified():
            async with lock:
                try:
                    await self._start(spec)
                except EngineError as error:
                    if "network" in error.message.lower():
                        self._network.forget()
                    raise

    async def _start(self, spec: BoxSpec) -> None:
        container_id = await self._containers.create(await self._body(spec), spec)
        if container_id is None:
            return
        try:
            attached = await self._engine.attach(container_id)
            try:
                await self._engine.call(
                    "start the container", "POST", f"/containers/{container_id}/start"
                )
                await attached.deliver(spec.bootstrap, DELIVER_SECONDS)
            finally:
                attached.close()
        except EngineError:
            # Best effort: the engine's refusal is what the caller must hear of.
            with contextlib.suppress(EngineError, RuntimeUnavailable):
                await self._containers.delete(container_id, force=True)
            raise

    async def _body(self, spec: BoxSpec) -> Json:
        podman = await self._is_podman()
        network_id = await self._network.id(podman)
        body = docker_spec.create_body(self._naming, self._settings, network_id, spec)
        return docker_spec.podman_body(body) if podman else body

    async def list(self) -> list[Box]:
        """See `base.Runtime.list`."""
        with _classified():
            return await self._containers.list()

    async def inspect(self, agent_id: str) -> Box:
        """See `base.Runtime.inspect`."""
        with _classified():
            return docker_spec.box_from_inspect(await self._own(agent_id))

    async def stop(self, agent_id: str, grace_seconds: float) -> None:
        """See `base.Runtime.stop`; the engine takes whole seconds, so the grace is rounded up."""
        seconds = docker_spec.stop_seconds(grace_seconds)
        with _classified():
            document = await self._own(agent_id)
            await self._engine.call(
                "stop the container",
                "POST",
                f"/containers/{document['Id']}/stop",
                params={"t": str(seconds)},
                seconds=seconds + STOP_MARGIN_SECONDS,
            )

    async def read_spool(self, agent_id: str) -> AsyncGenerator[bytes, None]:
        """See `base.Runtime.read_spool`; at most SPOOL_READ_BYTES of it."""
        with _classified():
            document = await self._own(agent_id)
            try:
                async with self._engine.stream(
                    "read the spool",
                    f"/containers/{document['Id']}/archive",
                    params={"path": f"{SPOOL_DIR}/{SPOOL_FILE}"},
                ) as chunks:
                    async for chunk in only_file(chunks, SPOOL_READ_BYTES):
                        yield chunk
            except EngineError as error:
                # The box is there and the file is not: it died before it wrote anything.
                if error.status != 404 or error.gone:
                    raise

    async def remove(self, agent_id: str) -> None:
        """See `base.Runtime.remove`. Raises RuntimeRejected while the box runs."""
        with _classified():
            document = await self._containers.own(agent_id)
            if document is None:
                return
            box = docker_spec.box_from_inspect(document)
            if box.state is BoxState.RUNNING:
                raise RuntimeRejected(f"the box of agent {agent_id} still runs: stop it first")
            await self._containers.delete(str(document["Id"]), force=box.state is BoxState.CREATED)

    def watch(self) -> AsyncIterator[BoxEvent]:
        """See `base.Runtime.watch`; the engine's event stream."""
        return docker_events.watch(self._engine, self._naming)

    async def remove_network(self) -> None:
        """Take the installation's network away, as its last act; the next start makes it again.

        An engine has room for some thirty networks. Raises RuntimeRejected while boxes are left.
        """
        with _classified():
            await self._network.remove()

    async def tidy(self) -> None:
        """See `base.Runtime.tidy`."""
        with contextlib.suppress(RuntimeRejected):
            await self.remove_network()

    async def close(self) -> None:
        """See `base.Runtime.close`."""
        await self._engine.close()

    async def _own(self, agent_id: str) -> Json:
        document = await self._containers.own(agent_id)
        if document is None:
            raise RuntimeGone(f"there is no box for agent {agent_id}")
        return document

    async def _is_podman(self) -> bool:
        if self._podman is None:
            about: Json = await self._engine.call("tell its version", "GET", "/version")
            parts = docker_spec.entries(about.get("Components"))
            self._podman = any("podman" in str(part.get("Name", "")).lower() for part in parts)
        return self._podman

    async def _check_oci_runtime(self) -> None:
        wanted = self._settings.oci_runtime
        if wanted is None:
            return
        about: Json = await self._engine.call("tell about itself", "GET", "/info")
        known = docker_spec.entry_of(about, "Runtimes")
        if wanted not in known:
            raise RuntimeRejected(
                f"the engine has no OCI runtime {wanted}; it has {', '.join(sorted(known))}"
            )


@contextlib.contextmanager
def _classified() -> Generator[None, None, None]:
    """The engine's refusals leave here as one of the three kinds."""
    try:
        yield
    except EngineError as error:
        raise classify(error) from error
