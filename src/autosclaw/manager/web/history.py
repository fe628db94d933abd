"""Transcripts in the contract's plain form: text_history entries.

Pure; must not read the store.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from autosclaw.protocol import limits


def entries(events: Iterable[str]) -> list[dict[str, Any]]:
    """Entries of the events that the plain form knows, oldest first."""
    return [entry for event in events if (entry := _entry(msgspec.json.decode(event))) is not None]


def _entry(event: dict[str, Any]) -> dict[str, Any] | None:
    if event["type"] == "output":
        kind = event.get("msgType", "text")
        role = "user" if kind == "user_input" else "assistant"
        return {"role": role, "text": event.get("content", ""), "msgType": kind}
    if event["type"] == "tool_use":
        return {
            "role": "tool",
            "type": "tool_use",
            "toolType": event.get("toolType", "tool_use"),
            "name": event.get("name", ""),
            "input": event.get("input"),
        }
    return None


def newest_within(events: list[str]) -> tuple[list[str], bool]:
    """The newest events that fit the plain form's bound, and whether older ones were left out."""
    size = 0
    for index in range(len(events) - 1, -1, -1):
        size += len(events[index])
        if size > limits.PLAIN_HISTORY_BYTES:
            return events[index + 1 :], True
    return events, False
