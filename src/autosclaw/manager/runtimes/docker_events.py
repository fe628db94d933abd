"""The engine's event stream as hints about boxes, reconnected for ever.

Must not carry data: an engine repeats few events after a break, so a hint only says "look now".
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator

from autosclaw.manager.runtimes.base import BoxEvent, RuntimeUnavailable
from autosclaw.manager.runtimes.docker_engine import Engine
from autosclaw.manager.runtimes.docker_failures import EngineError
from autosclaw.manager.runtimes.docker_spec import LABEL_AGENT, Json, Naming, entry_of

# A silent stream is opened anew after this time: nobody else notices a half-dead connection.
SILENCE_SECONDS = 300.0
LINE_BYTES = 1 << 20
RECONNECT_SECONDS = (0.2, 5.0)

# What engines call the changes that matter; reading a spool or attaching is none.
CHANGES = frozenset(
    {
        "create",
        "start",
        "restart",
        "die",
        "died",
        "kill",
        "stop",
        "oom",
        "pause",
        "unpause",
        "destroy",
        "remove",
    }
)


async def watch(engine: Engine, naming: Naming) -> AsyncGenerator[BoxEvent, None]:
    """Never ends and never raises; BoxEvent(None) after each time the stream was opened."""
    pause = RECONNECT_SECONDS[0]
    while True:
        try:
            async for event in _events(engine, naming):
                pause = RECONNECT_SECONDS[0]
                yield event
        except (EngineError, RuntimeUnavailable):
            pass
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
        pause = min(pause * 2, RECONNECT_SECONDS[1])


async def _events(engine: Engine, naming: Naming) -> AsyncGenerator[BoxEvent, None]:
    filters = json.dumps({"label": [naming.label_filter]})
    async with engine.stream(
        "tell events", "/events", params={"filters": filters}, silence_seconds=SILENCE_SECONDS
    ) as chunks:
        yield BoxEvent(None)
        rest = b""
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_BYTES:
                raise RuntimeUnavailable("the engine told an endless event")
            for line in lines:
                agent_id = changed_agent(line, naming)
                if agent_id is not None:
                    yield BoxEvent(agent_id)


def changed_agent(line: bytes, naming: Naming) -> str | None:
    """Whose box an event line is about; None when it is no change or not ours.

    Raises ValueError for what is not JSON.
    """
    if not line.strip():
        return None
    event: Json = json.loads(line)
    attributes = entry_of(entry_of(event, "Actor"), "Attributes")
    # Podman 4 says "status" where Docker says "Action"; "exec_start: …" carries a command line.
    action = str(event.get("Action") or event.get("status") or "").partition(":")[0]
    if action not in CHANGES or not naming.owns(attributes):
        return None
    return str(attributes[LABEL_AGENT])
