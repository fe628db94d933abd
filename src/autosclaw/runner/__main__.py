"""Starts the runner: reads one line of JSON from standard input, forgets it, lives.

Must not hold logic of its own, and never takes a secret from arguments or environment.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from autosclaw.protocol.bootstrap import BOOTSTRAP_BYTES, Bootstrap, BootstrapError, decode
from autosclaw.protocol.spool import SPOOL_DIR
from autosclaw.runner import narrow
from autosclaw.runner.agent import Agent
from autosclaw.runner.environment import Places, reduce_environment
from autosclaw.runner.log import log
from autosclaw.runner.spool import Spool, SpoolError

EXIT_FAILED = 1
EXIT_BAD_START = 2


class _LibraryLog(logging.Handler):
    """Says where a library complained, not what about: its texts may quote messages."""

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[0] if record.exc_info else None
        log(
            "warn",
            "a library logged a problem",
            logger=record.name,
            line=record.lineno,
            cause=cause.__name__ if cause else None,
        )


def main() -> int:
    """Run one agent to its end. 0: completed or stopped, 1: failed, 2: never began."""
    # First of all: from here on no other process of this user can look inside.
    narrow.hide_memory()
    places = _places()
    _import_nothing_of(places)
    logging.basicConfig(level=logging.WARNING, handlers=[_LibraryLog()])
    # What it logs as fatal we see and report as the end of the CLI.
    logging.getLogger("claude_agent_sdk").setLevel(logging.CRITICAL)
    try:
        narrow.adopt_orphans()
        if not narrow.refuse_kernel_surface():
            log("warn", "system calls are not narrowed on this machine")
    except OSError as error:
        log("warn", "system calls are not narrowed", cause=str(error))
    reduce_environment(os.environ, places.home)
    try:
        bootstrap = _read_bootstrap()
        spool = Spool.open(places.spool)
    except (BootstrapError, SpoolError) as error:
        log("error", str(error))
        return EXIT_BAD_START
    try:
        return asyncio.run(_live(bootstrap, places, spool))
    # The outermost edge: a traceback would quote what must not be logged.
    except Exception as error:
        log("error", "the runner failed", cause=type(error).__name__)
        return EXIT_FAILED


async def _live(bootstrap: Bootstrap, places: Places, spool: Spool) -> int:
    return await Agent(bootstrap, places, spool).run()


def _import_nothing_of(places: Places) -> None:
    """Libraries import lazily; what an agent writes must never be what they find."""
    own = (places.work, places.spool, places.home, Path.cwd())
    sys.path[:] = [entry for entry in sys.path if entry and not _inside(Path(entry).resolve(), own)]


def _inside(path: Path, directories: tuple[Path, ...]) -> bool:
    # The working directory itself may hold the program's own folder, as in development.
    return path == directories[-1] or any(path.is_relative_to(place) for place in directories[:-1])


def _read_bootstrap() -> Bootstrap:
    line = sys.stdin.buffer.readline(BOOTSTRAP_BYTES + 1)
    # Nothing that runs later inherits or reads it.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return decode(line)


def _places() -> Places:
    parser = argparse.ArgumentParser(prog="autosclaw-runner", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("/work"), help="where the agent works")
    parser.add_argument("--spool", type=Path, default=Path(SPOOL_DIR), help="what is not yet sent")
    parser.add_argument("--home", type=Path, default=Path("/home/agent"), help="the agent's home")
    given = parser.parse_args()
    return Places(given.work.resolve(), given.spool.resolve(), given.home.resolve())


if __name__ == "__main__":
    sys.exit(main())
