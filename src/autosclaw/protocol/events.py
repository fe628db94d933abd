"""The events a transcript may hold: one tagged struct each, in the contract's field names.

An event is an immutable fact about one agent. Its number (`seq`) is not inside: frames carry
arrays of events and the number of the first. Events are stored and forwarded as the bytes they
arrived in; these structs say what is valid. Must not know sockets or tables.

`at` is the writer's clock (ISO-8601 UTC) and informs only; order is `seq`.
"""

from typing import Any, Literal

import msgspec

MSG_TYPES = (
    "text",
    "thinking",
    "result_success",
    "result_error",
    "system",
    "tool_progress",
    "auth_status",
    "user_input",
)


class _Event(msgspec.Struct, tag_field="type", omit_defaults=True, rename="camel"):
    """Fields every event has; plain agents leave `at` out and the manager adds it.

    `seq` only stands in single acknowledged frames (`link`); frames of many name the first.
    """

    agent_id: str = ""
    at: str | None = None
    seq: int | None = None


class Output(_Event, tag="output"):
    """Something said: by the agent, the CLI or, as `user_input`, a person.

    msg_type is one of MSG_TYPES (others are kept). `message_id` + `block` name the model message
    and content block, so that partial text can be replaced. `parent` is the tool call of the
    sub-agent that said it. `kind` refines `system` (api_retry, model_fallback, restarted, …).
    `by` is who typed a user_input; `input` its number. `turn` holds facts of a finished turn.
    """

    msg_type: str = msgspec.field(name="msgType", default="text")
    content: str = ""
    message_id: str | None = None
    block: int | None = None
    parent: str | None = None
    kind: str | None = None
    error: str | None = None
    by: str | None = None
    input: int | None = None
    turn: "Turn | None" = None
    data: dict[str, Any] | None = None


class Turn(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Facts of a finished turn. cli_cost_usd is the CLI's own cumulative figure: a cross-check."""

    reason: str | None = None
    api_status: int | None = None
    duration_ms: int | None = None
    turns: int | None = None
    cli_cost_usd: float | None = None
    origin: str | None = None


class ToolUse(_Event, tag="tool_use"):
    """A tool call. `id` is the model's tool_use id; `input` may be clipped (`clipped`)."""

    tool_type: str = "tool_use"
    name: str = ""
    input: Any = None
    id: str | None = None
    message_id: str | None = None
    block: int | None = None
    parent: str | None = None
    clipped: bool = False


class ToolResult(_Event, tag="tool_result"):
    """What a tool call `id` returned. `detail` is the CLI's structured result (patches, exit)."""

    id: str = ""
    ok: bool = True
    content: str = ""
    detail: Any = None
    duration_ms: int | None = None
    parent: str | None = None
    clipped: bool = False


class AskOption(msgspec.Struct, omit_defaults=True):
    """One choice."""

    label: str
    description: str | None = None


class AskQuestion(msgspec.Struct, omit_defaults=True, rename="camel"):
    """One question; free text is always a possible answer."""

    question: str
    options: list[AskOption] = []
    header: str | None = None
    multi_select: bool = False


class AskUser(_Event, tag="ask_user"):
    """The agent waits for a person. `id` names the question; plain agents leave it out.

    kind: question (AskUserQuestion) or plan (ExitPlanMode: `plan` holds its Markdown).
    """

    questions: list[AskQuestion] = []
    id: str | None = None
    tool_use_id: str | None = None
    kind: str = "question"
    plan: str | None = None


class AskClosed(_Event, tag="ask_closed"):
    """The question `id` no longer waits: answered, interrupted, expired or ended."""

    id: str = ""
    reason: Literal["answered", "interrupted", "expired", "ended"] = "answered"


class Answered(_Event, tag="answered"):
    """A person answered question `id`; written by the manager when it accepted the answer."""

    id: str = ""
    answers: dict[str, Any] = {}
    by: str | None = None
    input: int | None = None


class ChatSeen(_Event, tag="chat_seen"):
    """The model has taken in the chat with number `input`."""

    input: int = 0


class Session(_Event, tag="session"):
    """The CLI's session began or changed: its id, model and version."""

    session_id: str = ""
    model: str = ""
    cli_version: str | None = None


class SessionLog(_Event, tag="session_log"):
    """A fragment of the CLI's own transcript (JSON lines) for resume and fork; never shown.

    Fragments of one `subpath` ("" = main) concatenate, in order, to the file's text.
    """

    subpath: str = ""
    text: str = ""


class StateChanged(_Event, tag="state_changed"):
    """The agent's life moved on; written by the manager."""

    state: str = ""
    reason: str | None = None
    by: str | None = None


class Exited(_Event, tag="exited"):
    """The runner's last word: completed, stopped or failed, with a sentence."""

    outcome: Literal["completed", "stopped", "failed"] = "completed"
    reason: str | None = None


Event = (
    Output
    | ToolUse
    | ToolResult
    | AskUser
    | AskClosed
    | Answered
    | ChatSeen
    | Session
    | SessionLog
    | StateChanged
    | Exited
)

# What an agent's socket may write; the rest is the manager's to write.
AgentEvent = (
    Output | ToolUse | ToolResult | AskUser | AskClosed | ChatSeen | Session | SessionLog | Exited
)

_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """The event as it is stored and sent."""
    return _encoder.encode(event)
