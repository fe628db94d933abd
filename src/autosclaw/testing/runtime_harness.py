"""The runtimes that the conformance suite is run over, each with what it takes to test it.

Must not leave anything behind: `close` ends and removes every box, network and folder it made.
"""

import asyncio
import hashlib
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from autosclaw.manager.runtimes.base import Runtime, RuntimeGone
from autosclaw.manager.runtimes.docker import DockerRuntime
from autosclaw.manager.runtimes.docker_engine import Engine
from autosclaw.manager.runtimes.docker_spec import Naming
from autosclaw.manager.runtimes.process import ProcessRuntime
from autosclaw.testing import box_program
from autosclaw.testing.fake_runtime import FakeBox, FakeEngine, FakeRuntime

PROGRAM = Path(box_program.__file__).read_text()


class _Harness:
    """Remembers the runtimes it made, and empties them in the end."""

    def __init__(self) -> None:
        self._made: dict[str, Runtime] = {}
        self._all: list[Runtime] = []

    def _keep(self, installation: str | None, runtime: Runtime) -> Runtime:
        if installation is not None:
            self._made[installation] = runtime
        self._all.append(runtime)
        return runtime

    async def close(self) -> None:
        """End and remove all boxes, then close all runtimes."""
        try:
            await self._empty()
        finally:
            await self._close_all()

    async def _empty(self) -> None:
        for runtime in self._made.values():
            for box in await runtime.list():
                with suppress(RuntimeGone):
                    await runtime.stop(box.agent_id, 0)
                await runtime.remove(box.agent_id)

    async def _close_all(self) -> None:
        for runtime in self._all:
            await runtime.close()


class FakeHarness(_Harness):
    """Boxes in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = FakeEngine(obey)

    def runtime(self, installation: str) -> Runtime:
        return self._keep(installation, FakeRuntime(self.engine, installation))

    def unreachable(self) -> Runtime:
        engine = FakeEngine(obey)
        engine.faults.unavailable = -1
        return self._keep(None, FakeRuntime(engine, "nobody"))

    async def evidence(self, installation: str, agent_id: str) -> bytes:
        box = self.engine.boxes[installation, agent_id]
        return repr((box.seen(), self.engine.calls)).encode()


async def obey(box: FakeBox) -> int:
    """`box_program` as a coroutine."""
    line = box.spec.bootstrap
    orders: dict[str, Any] = json.loads(line)
    if not orders.get("no_spool"):
        seen = {
            "length": len(line),
            "sha256": hashlib.sha256(line).hexdigest(),
            "nonce": secrets.token_hex(8),
        }
        size: int = orders.get("spool_bytes", 0)
        filler = box_program.FILLER * (size // len(box_program.FILLER))
        tail = box_program.FILLER[len(box_program.FILLER) - size % len(box_program.FILLER) :]
        box.write_spool(json.dumps(seen).encode() + b"\n" + filler + tail)
    if "exit" in orders:
        return orders["exit"]
    on_term: str = orders.get("on_term", "exit:0")
    if on_term == "ignore":
        await asyncio.get_running_loop().create_future()
    await box.terminated.wait()
    return int(on_term.partition(":")[2])


class ProcessHarness(_Harness):
    """Processes of this machine; boxes live below `folder`."""

    def __init__(self, folder: Path, python: str) -> None:
        super().__init__()
        self._folder = folder
        self._command = (python, "-c", PROGRAM)

    def data_dir(self, installation: str) -> Path:
        path = self._folder / installation
        path.mkdir(exist_ok=True)
        return path

    def runtime(self, installation: str) -> ProcessRuntime:
        runtime = ProcessRuntime(self.data_dir(installation), command=self._command)
        self._keep(installation, runtime)
        return runtime

    def unreachable(self) -> Runtime:
        blocked = self._folder / "a-file"
        blocked.touch()
        return self._keep(None, ProcessRuntime(blocked / "data", command=self._command))

    async def evidence(self, installation: str, agent_id: str) -> bytes:
        folder = self.data_dir(installation) / "boxes" / agent_id
        state: dict[str, Any] = json.loads((folder / "state.json").read_bytes())
        process = Path("/proc", str(state["process"]["pid"]))
        kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        public = [(process / name).read_bytes() for name in ("environ", "cmdline")]
        return b"\n".join([*kept, *public])


class DockerHarness(_Harness):
    """Containers of the engine at `url`, from any image that has python3."""

    def __init__(self, url: str, image: str) -> None:
        super().__init__()
        self.engine = Engine(url)
        self.url = url
        self.image = image
        self._command = ("python3", "-c", PROGRAM)

    def runtime(self, installation: str) -> DockerRuntime:
        runtime = DockerRuntime(installation, self.image, url=self.url, command=self._command)
        self._keep(installation, runtime)
        return runtime

    def unreachable(self) -> Runtime:
        nowhere = "unix:///nowhere/engine.sock"
        return self._keep(None, DockerRuntime("nobody", self.image, url=nowhere))

    async def evidence(self, installation: str, agent_id: str) -> bytes:
        name = Naming(installation).container(agent_id)
        answers = [
            await self.engine.call("inspect", "GET", f"/containers/{name}/json"),
            await self.engine.call("look inside", "GET", f"/containers/{name}/top"),
            await self.engine.call("list", "GET", "/containers/json"),
        ]
        logs: list[bytes] = []
        params = {"stdout": "true", "stderr": "true"}
        async with self.engine.stream("log", f"/containers/{name}/logs", params=params) as chunks:
            logs.extend([chunk async for chunk in chunks])
        pid = int(answers[0]["State"]["Pid"])
        environ = await asyncio.to_thread(_environment_of, pid)
        return json.dumps(answers).encode() + b"".join(logs) + environ

    async def close(self) -> None:
        try:
            await self._empty()
            for installation in self._made:
                runtime = DockerRuntime(installation, self.image, url=self.url)
                await runtime.remove_network()
                await runtime.close()
        finally:
            await self._close_all()
            await self.engine.close()


def _environment_of(pid: int) -> bytes:
    """Of a container's first process, where this machine shows it to us."""
    try:
        return Path("/proc", str(pid), "environ").read_bytes()
    except OSError:
        return b""
