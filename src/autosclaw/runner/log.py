"""Writes the runner's own log: JSON lines on standard error.

Must never be given a message's content, a tool's output or a secret.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Literal

Level = Literal["debug", "info", "warn", "error"]


def log(level: Level, message: str, **facts: str | int | float | bool | None) -> None:
    """One line; `facts` are short values that help to understand the message."""
    line = {"level": level, "message": message, "timestamp": now(), **facts}
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


def now() -> str:
    """This machine's clock: ISO-8601 UTC with milliseconds. It informs, it orders nothing."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
