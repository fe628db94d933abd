"""What an agent is doing, in a few words, from its latest event.

Pure; must not know how it is shown.
"""

from typing import Any, cast

from autosclaw.protocol import events
from autosclaw.protocol.events import AgentEvent

_CHARS = 120
_LOOK_AT_CHARS = 1_000
_FIRST_FIELDS = ("command", "file_path", "pattern", "query", "url", "description", "name", "prompt")


def describe(event: AgentEvent) -> str | None:
    """One line, or None when the event says nothing about it."""
    if isinstance(event, events.ToolUse):
        name = event.name.rsplit("__", 1)[-1]
        return clip(f"{name} {_argument(event.input)}".strip())
    if isinstance(event, events.AskUser) and event.questions:
        return clip(f"Asks: {event.questions[0].question}")
    if isinstance(event, events.Output) and event.msg_type in ("text", "result_success"):
        return clip(event.content) or None
    if isinstance(event, events.Output) and event.msg_type == "result_error":
        return clip(f"Error: {event.content}")
    return None


def clip(text: str) -> str:
    """One line of at most 120 characters."""
    line = " ".join(text[:_LOOK_AT_CHARS].split())
    cut = len(line) > _CHARS or len(text) > _LOOK_AT_CHARS
    return line[: _CHARS - 1] + "…" if cut else line


def _argument(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    fields = cast("dict[str, object]", value)
    for name in _FIRST_FIELDS:
        found = fields.get(name)
        if isinstance(found, str):
            return found.removeprefix("/work/")
    return ""
