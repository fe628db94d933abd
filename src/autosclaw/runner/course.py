"""Where an agent is on its way: living, finishing, stopping; and waiting for that to change.

Must not act; those who do are told by it.
"""

import asyncio
from enum import Enum
from typing import Any


class Phase(Enum):
    """It only moves forward."""

    LIVING = "living"
    FINISHING = "finishing"
    STOPPING = "stopping"


class Course:
    """The phase, `changed` (look again at everything) and `stopping` (set for good)."""

    def __init__(self) -> None:
        self.phase = Phase.LIVING
        self.changed = asyncio.Event()
        self.stopping = asyncio.Event()

    @property
    def refuses(self) -> bool:
        """New work would begin under the shutdown."""
        return self.phase is not Phase.LIVING

    def finish(self) -> None:
        """The agent is done; nothing more is taken."""
        if self.phase is Phase.LIVING:
            self.phase = Phase.FINISHING

    def stop(self) -> None:
        """End now; twice is safe."""
        self.phase = Phase.STOPPING
        self.stopping.set()
        self.changed.set()


async def either(task: "asyncio.Task[Any]", event: asyncio.Event, seconds: float | None) -> None:
    """Return when the task ended, the event is set, or the time is up, whichever is first."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait((task, waiting), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
