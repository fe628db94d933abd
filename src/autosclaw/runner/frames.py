"""What the CLI writes on its standard output, as far as we read it.

Shapes only. A tool that runs in the agent can write into that pipe too, so nothing here may be
trusted to say more than "the agent said so".
"""

from typing import Any

import msgspec


class _Frame(msgspec.Struct, tag_field="type"):
    """Base of the CLI's output lines."""


class Block(msgspec.Struct):
    """One content block of any type."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: Any = None
    tool_use_id: str = ""
    content: Any = None
    is_error: bool | None = None


class ModelMessage(msgspec.Struct):
    """The API's message; the CLI writes one line for each of its content blocks."""

    content: list[Block]
    id: str | None = None
    model: str = ""


class Assistant(_Frame, tag="assistant"):
    """The model said something. `error`: the CLI says it in the model's place."""

    message: ModelMessage
    parent_tool_use_id: str | None = None
    error: str | None = None


class UserMessage(msgspec.Struct):
    """Tool results, or a message that the model has now taken in."""

    content: str | list[Block]


class User(_Frame, tag="user"):
    """`tool_use_result` is the structured detail of the one result in it."""

    message: UserMessage
    uuid: str | None = None
    parent_tool_use_id: str | None = None
    tool_use_result: Any = None
    is_replay: bool = msgspec.field(name="isReplay", default=False)


class StreamedBlock(msgspec.Struct):
    """The `delta` of a content_block_delta."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class StreamedMessage(msgspec.Struct):
    """The `message` of a message_start."""

    id: str = ""


class Streamed(msgspec.Struct):
    """One event of the API's stream."""

    type: str = ""
    index: int = 0
    delta: StreamedBlock | None = None
    message: StreamedMessage | None = None


class StreamEvent(_Frame, tag="stream_event"):
    """Partial output; only the main conversation streams."""

    event: Streamed
    parent_tool_use_id: str | None = None


class ModelUse(msgspec.Struct, rename="camel"):
    """What one model used since this CLI process began, sub-agents included."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cost_usd: float = msgspec.field(name="costUSD", default=0.0)


class Origin(msgspec.Struct):
    """Why there was a turn when nobody wrote."""

    kind: str | None = None


class Result(_Frame, tag="result"):
    """A turn ended. `subtype` may say success with `is_error` set: `is_error` counts."""

    is_error: bool = False
    subtype: str = ""
    result: str | None = None
    errors: list[str] | None = None
    api_error_status: int | None = None
    terminal_reason: str | None = None
    duration_ms: int | None = None
    num_turns: int | None = None
    total_cost_usd: float | None = None
    origin: Origin | None = None
    model_usage: dict[str, ModelUse] | None = msgspec.field(name="modelUsage", default=None)
    user_message_uuids: list[str] | None = None


class Task(msgspec.Struct):
    """One background task."""

    task_id: str = ""


class System(_Frame, tag="system"):
    """Everything else the CLI tells, by `subtype`."""

    subtype: str = ""
    state: str | None = None
    session_id: str | None = None
    model: str | None = None
    claude_code_version: str | None = None
    tasks: list[Task] | None = None


class ToolProgress(_Frame, tag="tool_progress"):
    """A running tool's heartbeat."""

    tool_name: str = ""
    tool_use_id: str = ""
    elapsed_time_seconds: float | None = None
    parent_tool_use_id: str | None = None


class CommandLifecycle(_Frame, tag="command_lifecycle"):
    """What became of a message we sent: queued, started, completed, cancelled."""

    command_uuid: str = ""
    state: str = ""


class AuthStatus(_Frame, tag="auth_status"):
    """Signing in to the provider."""

    error: str | None = None


class RateLimit(_Frame, tag="rate_limit_event"):
    """Only with subscription credentials."""

    rate_limit_info: dict[str, Any] = {}


class ConversationReset(_Frame, tag="conversation_reset"):
    """The conversation was wiped."""


Frame = (
    Assistant
    | User
    | StreamEvent
    | Result
    | System
    | ToolProgress
    | CommandLifecycle
    | AuthStatus
    | RateLimit
    | ConversationReset
)


def read(raw: dict[str, Any]) -> Frame | None:
    """The line as a frame; None for one that we do not know or that is malformed."""
    try:
        return msgspec.convert(raw, type=Frame, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return None
