"""Frames between a runner and the manager (contract §3 and our acknowledged form).

Acknowledged form, in short:

    runner                                   manager
    register {protocol: 1, bootId} ─────────▶
            ◀──────── registered {lastSeq, lastInput, session, tools}
    events {first: n, events: […]} ─────────▶   (n = lastSeq + 1, 16 ms batches)
            ◀──────── ack {seq}                 after the commit; the runner forgets ≤ seq
            ◀──────── chat | ask_user_response | interrupt, each with `input` (its number)
    applied {input} ────────────────────────▶   once it is the runner's; never sent again

A single event frame may carry `seq` itself and is acknowledged the same way; without `seq` it
is the contract's plain form and is not acknowledged. Status, tokens and deltas have no number:
they are shown, not kept. Must not know the SDK or tables.
"""

from typing import Any

import msgspec

from autosclaw.protocol import limits
from autosclaw.protocol.events import AgentEvent

PROTOCOL = 1

# Close codes of /agent.
CLOSE_BAD_TOKEN = 4001
CLOSE_BAD_FRAMES = 4400
CLOSE_FENCED = 4408
CLOSE_GAP = 4409
CLOSE_ENDED = 4410


class _Frame(msgspec.Struct, tag_field="type", omit_defaults=True, rename="camel"):
    """Base of link frames."""


class Register(_Frame, tag="register"):
    """First frame. `protocol` asks for the acknowledged form; `boot_id` names this process."""

    agent_id: str
    token: str
    protocol: int | None = None
    boot_id: str | None = None


class Events(_Frame, tag="events"):
    """Events numbered `first`, `first + 1`, …; at most EVENTS_PER_FRAME."""

    first: int
    events: list[msgspec.Raw]


class TokenTotals(msgspec.Struct, rename="camel"):
    """Totals so far, not increments (contract §3)."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cost_usd: float = msgspec.field(name="costUSD", default=0.0)


class Tokens(_Frame, tag="tokens"):
    """An agent's own count; the gateway's rows win where there are any."""

    tokens: TokenTotals
    agent_id: str = ""


class StatusReport(_Frame, tag="status"):
    """Free text; containing "thinking" means busy. Sent again after every registration."""

    status: str
    agent_id: str = ""


class Delta(_Frame, tag="delta"):
    """Partial output of content block `block` of model message `message_id`; never stored.

    kind: text, thinking or input (a tool's JSON input). Void once the block's final event with
    the same message_id and block arrives, or a retry restarts the message.
    """

    message_id: str
    block: int
    kind: str
    text: str
    agent_id: str = ""


class Applied(_Frame, tag="applied"):
    """All inputs up to `input` are the runner's now; the manager never sends them again."""

    input: int


class SpawnAgent(_Frame, tag="spawn_agent"):
    """Contract: answered by agent_spawned or spawn_error within 60 s."""

    name: str = ""
    purpose: str = ""
    system_prompt: str = ""
    agent_id: str = ""
    request_id: str | None = None


UpFrame = Register | Events | Tokens | StatusReport | Delta | Applied | SpawnAgent
SessionFrame = Events | Tokens | StatusReport | Delta | Applied | SpawnAgent | AgentEvent


class SessionSpec(msgspec.Struct, omit_defaults=True, rename="camel"):
    """How the CLI session is to be opened. keep_alive_seconds None = until stopped.

    resume: the manager holds this session's log (GET /agent/session with the agent's token).
    subscription: the gateway signs in with a subscription's token, so the CLI has to speak as it
    does for one (its beta headers); the token itself stays in the manager.
    """

    session_id: str
    model: str
    keep_alive_seconds: int | None = None
    append_prompt: str = ""
    resume: bool = False
    subscription: bool = False
    question_seconds: int = limits.QUESTION_TTL_SECONDS


class Registered(_Frame, tag="registered"):
    """Answer to an acknowledged register: where the manager stands."""

    agent_id: str
    protocol: int
    epoch: int
    last_seq: int
    last_input: int
    session: SessionSpec
    tools: list[dict[str, Any]] = []


class Ack(_Frame, tag="ack"):
    """Everything up to `seq` is durable."""

    seq: int


class Chat(_Frame, tag="chat"):
    """A person's (or the task's first) message. `id` is its UUID for exactly-once delivery."""

    message: str
    input: int | None = None
    id: str | None = None


class AskUserResponse(_Frame, tag="ask_user_response"):
    """Answers: question text → chosen label, labels, or typed text."""

    answers: dict[str, Any]
    question_id: str | None = None
    input: int | None = None


class Interrupt(_Frame, tag="interrupt"):
    """End the running turn and drop queued messages; the session stays."""

    input: int | None = None


class Close(_Frame, tag="close"):
    """Shut down now."""

    reason: str | None = None


class AgentSpawned(_Frame, tag="agent_spawned"):
    """Contract §3."""

    agent_id: str
    name: str
    request_id: str | None = None


class SpawnError(_Frame, tag="spawn_error"):
    """Contract §3."""

    error: str
    request_id: str | None = None


class Refused(_Frame, tag="error"):
    """A frame was not accepted; the connection stays."""

    message: str


DownFrame = (
    Registered
    | Ack
    | Chat
    | AskUserResponse
    | Interrupt
    | Close
    | AgentSpawned
    | SpawnError
    | Refused
)

_encoder = msgspec.json.Encoder()


def encode(frame: UpFrame | DownFrame) -> bytes:
    """The frame as JSON bytes."""
    return _encoder.encode(frame)


def encode_events(first: int, events: list[bytes]) -> bytes:
    """An `events` frame around events that are already encoded."""
    return b'{"type":"events","first":%d,"events":[%b]}' % (first, b",".join(events))
