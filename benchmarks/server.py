"""The manager under test, in a process of its own: everything real but the boxes.

SQLite with synchronous=FULL, uvicorn, sign-in, rights and logging as in `autosclaw up`; prints one
JSON line with its port when it accepts connections. Must not start agents.

    python -m benchmarks.server --data-dir FOLDER [--log-level info]
"""

import argparse
import asyncio
import json
import signal
from pathlib import Path

import uvloop

from autosclaw.manager import app
from autosclaw.manager.logs import configure
from autosclaw.manager.runtimes.registry import Choice, Place
from autosclaw.manager.settings import LogLevel, OnShutdown, RuntimeName, Settings
from benchmarks.still_runtime import StillRuntime


async def _choose(_wanted: str | None, _place: Place) -> Choice:
    return Choice(StillRuntime())


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    manager = app.Manager(settings, "not-built", {}, None)
    try:
        ready = await manager.start()
        print(json.dumps({"port": int(ready.url.rpartition(":")[2])}), flush=True)
        await stopping.wait()
    finally:
        await manager.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--log-level", default="info")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=options.data_dir,
        port=options.port,
        agent_port=0,
        runtime=RuntimeName.PROCESS,
        log_level=LogLevel(options.log_level),
        log_dir=options.data_dir / "logs",
        agents_on_shutdown=OnShutdown.KEEP,
    )
    configure(settings.log_level, settings.log_dir)
    app.choose = _choose  # the one part that is not the product's own
    uvloop.run(_run(settings))


if __name__ == "__main__":
    main()
