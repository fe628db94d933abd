"""What an engine says of the boxes agents run in.

Pure facts; must not know any engine.
"""

from dataclasses import dataclass
from enum import StrEnum


class BoxState(StrEnum):
    """What an engine positively says of a box."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Box:
    """One container (or process) that carries this installation's label."""

    agent_id: str
    boot: int
    state: BoxState
    exit_code: int | None = None
    oom_killed: bool = False
