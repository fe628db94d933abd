"""The measuring stand: servers as processes, what they use, and the load generator.

Owns processes and folders of a benchmark and ends them by their ids. Must not judge figures.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.seed import USERNAME, Seeded, seed

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".build"
START_SECONDS = 60.0
_SOURCE = Path(__file__).parent / "load" / "wsload.c"


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used so far: CPU nanoseconds of all threads; resident bytes now."""

    cpu_ns: int
    resident_bytes: int


class Server:
    """A server process that says its port on standard output."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, stderr=self._log, cwd=ROOT
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise SystemExit(f"{arguments[0]} did not start:\n{log.read_text()[-2000:]}")
        self.port = int(json.loads(line)["port"])

    def use(self) -> Use:
        """CPU and memory of the process now."""
        folder = Path("/proc") / str(self.process.pid)
        cpu = sum(int((task / "schedstat").read_text().split()[0])
                  for task in (folder / "task").iterdir())  # fmt: skip
        pages = int((folder / "statm").read_text().split()[1])
        return Use(cpu, pages * 4096)

    def stop(self) -> None:
        """End it in good order; twice is safe."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()


@dataclass(slots=True)
class Stand:
    """A manager on a seeded database, and the files the load generator reads."""

    server: Server
    folder: Path
    seeded: Seeded
    jwt: str

    @property
    def url(self) -> str:
        """Of the manager's main port."""
        return f"http://127.0.0.1:{self.server.port}"

    def kill_and_restart(self) -> None:
        """kill -9, then a new manager on the same data and port."""
        self.server.kill()
        self.server = start_manager(self.folder / "data", port=self.server.port)


@contextlib.contextmanager
def manager(
    *, live: int, ended: int = 0, history: int = 0, prompt: str = "", log_level: str = "info"
) -> Generator[Stand]:
    """A manager with seeded agents, on a data directory that is removed afterwards."""
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=BUILD))
    server: Server | None = None
    stand: Stand | None = None
    try:
        data = folder / "data"
        seeded = seed(data, live=live, ended=ended, history=history, prompt=prompt)
        server = start_manager(data, log_level=log_level)
        jwt = login(server.port, seeded.password)
        stand = Stand(server, folder, seeded, jwt)
        (folder / "agents").write_text("".join(f"{a} {t}\n" for a, t in seeded.agents))
        (folder / "jwt").write_text(jwt)
        _settle(server)
        yield stand
    finally:
        for one in (server, stand.server if stand else None):
            if one is not None:
                one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _settle(server: Server) -> None:
    """The first look at a large fleet takes a while; measure after it."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        before = server.use().cpu_ns
        time.sleep(0.25)
        if server.use().cpu_ns - before < 25_000_000:
            return


def start_manager(data: Path, *, log_level: str = "info", port: int = 0) -> Server:
    """A manager process on a data directory."""
    arguments = ["benchmarks.server", "--data-dir", str(data), "--log-level", log_level]
    return Server([*arguments, "--port", str(port)], data.parent / "server.log")


@contextlib.contextmanager
def baseline() -> Generator[Server]:
    """The plain server."""
    BUILD.mkdir(exist_ok=True)
    server = Server(["benchmarks.baseline"], BUILD / "baseline.log")
    try:
        yield server
    finally:
        server.stop()


def login(port: int, password: str) -> str:
    """A person's token."""
    body = json.dumps({"username": USERNAME, "password": password}).encode()
    request = Request(f"http://127.0.0.1:{port}/auth/login", body)
    request.add_header("content-type", "application/json")
    with urlopen(request, timeout=START_SECONDS) as answer:
        return str(json.load(answer)["token"])


def wsload() -> Path:
    """The load generator, compiled when its source is newer."""
    made = BUILD / "wsload"
    if not made.exists() or made.stat().st_mtime < _SOURCE.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise SystemExit("a C compiler is needed for the load generator: install gcc")
        BUILD.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O2", "-o", str(made), str(_SOURCE)], check=True)
    return made


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator saw, and what the server used during the window."""

    result: dict[str, Any]
    cpu_seconds: float
    resident_bytes: int

    def __getitem__(self, name: str) -> float:
        return float(self.result[name])


def load(server: Server, folder: Path | None, **options: float) -> Load:
    """Run the generator against a server; `folder` None: the plain form, without tokens."""
    arguments = [str(wsload()), "--port", str(server.port)]
    if folder is not None:
        arguments += ["--agents-file", str(folder / "agents"), "--jwt-file", str(folder / "jwt")]
    else:
        arguments += ["--plain", "1"]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", f"{value:g}"]
    generator = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    uses: dict[str, Use] = {}
    try:
        assert generator.stdout is not None
        for line in generator.stdout:
            said = json.loads(line)
            uses[said["event"]] = server.use()
            if said["event"] == "result":
                before, after = uses["window_start"], uses["window_end"]
                cpu = (after.cpu_ns - before.cpu_ns) / 1e9
                return Load(said, cpu, after.resident_bytes)
    finally:
        if generator.stdout is not None:
            generator.stdout.close()
        generator.kill()
        generator.wait()
    raise SystemExit(f"the load generator gave no result: {' '.join(arguments)}")
