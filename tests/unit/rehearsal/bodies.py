"""Request bodies as the CLI sends them, for the rehearsal model's tests."""

import json
from typing import Any

from autosclaw.rehearsal.conversation import Request, read

Json = dict[str, Any]

AGENT_TOOLS = ("Bash", "Write", "Edit", "Read", "AskUserQuestion")
ENVIRONMENT = (
    "<system-reminder>\n# Environment\n - Primary working directory: /work\n</system-reminder>"
)
TOKENS_LEFT = (
    "\n\n<system-reminder>\n<total_tokens>99 tokens left</total_tokens>\n</system-reminder>"
)
MIDWAY = (
    "The user sent a new message while you were working:\n{}\n\n"
    "This is how Claude Code surfaces messages the user sends mid-turn."
)


def script(*steps: object) -> str:
    return "SCRIPT:" + json.dumps(steps)


def user(*texts: str) -> Json:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def said(text: str) -> Json:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def called(name: str, call_id: str = "toolu_1", **given: object) -> Json:
    block = {"type": "tool_use", "id": call_id, "name": name, "input": given}
    return {"role": "assistant", "content": [block]}


def result(
    text: str, call_id: str = "toolu_1", *, midway: str | None = None, error: bool = False
) -> Json:
    if midway is not None:
        text += f"\n\n<system-reminder>\n{MIDWAY.format(midway)}\n</system-reminder>"
    block = {"type": "tool_result", "tool_use_id": call_id, "content": text + TOKENS_LEFT}
    return {"role": "user", "content": [block | {"is_error": error}]}


def note(text: str) -> Json:
    return {"role": "system", "content": MIDWAY.format(text)}


def body(*messages: Json, tools: tuple[str, ...] = AGENT_TOOLS, **more: object) -> Json:
    defined = [{"name": name, "input_schema": {}} for name in tools]
    metadata = {"user_id": "session-1"}
    return {
        "model": "claude-x",
        "max_tokens": 9,
        "messages": list(messages),
        "tools": defined,
        "metadata": metadata,
        **more,
    }


def request(*messages: Json, **more: Any) -> Request:
    return read(json.dumps(body(*messages, **more)).encode())
