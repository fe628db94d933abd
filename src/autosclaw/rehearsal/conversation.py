"""Reads a Messages API request: who said what, which tools ran, how large it is.

It must not decide anything; it only turns a request's bytes into typed facts.

The CLI adds notes of its own: in ``<system-reminder>`` tags, also inside tool results,
or for newer models in messages of the role ``system``. A message that a person sent
while a tool ran arrives in such a note. People's words are told apart from the rest here.
"""

import re
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

REMINDER = re.compile(r"<system-reminder>(.*?)</system-reminder>\s*", re.DOTALL)
# How the CLI hands on a message that came while a tool ran.
MIDWAY = re.compile(
    r"The user sent a new message while you were working:\n(.*?)"
    r"(?:\n\nThis is how Claude Code surfaces|\Z)",
    re.DOTALL,
)
INTERRUPTED = re.compile(r"\[Request interrupted by user[^\]]*\]\s*")


class Named(Struct):
    """A tool's definition, as far as it matters here."""

    name: str = ""


class Content(Struct):
    """One content block of any type, with the fields that matter here."""

    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    tool_use_id: str = ""
    content: Any = None
    is_error: bool | None = None


class Message(Struct):
    """One message of a request."""

    role: str
    content: str | list[Content]


class Metadata(Struct):
    """The request's metadata; ``user_id`` names the session."""

    user_id: str | None = None


class Wire(Struct):
    """A request's body, with its large parts left undecoded."""

    model: str
    messages: list[Raw]
    system: Raw = Raw(b"")
    tools: Raw = Raw(b"[]")
    stream: bool = False
    metadata: Metadata | None = None


@dataclass(frozen=True)
class Call:
    """A tool call and what came back."""

    name: str
    result: str
    is_error: bool


@dataclass
class Turn:
    """What came in between two answers of the model, and the calls it answers."""

    said: list[str] = field(default_factory=list[str])
    """What people wrote, oldest first, without the CLI's own notes."""
    midway: bool = False
    """Something was said while a tool ran."""
    after_interrupt: list[str] | None = None
    """What people wrote after they interrupted the model here; None without interrupt."""
    calls: list[Call] = field(default_factory=list[Call])
    """The calls of the answer before, with their results."""


@dataclass(frozen=True)
class Request:
    """A request as the rehearsal model sees it. Sizes are in bytes of JSON."""

    model: str
    stream: bool
    session: str
    tools: frozenset[str]
    turns: tuple[Turn, ...]
    """One for each answer given so far, and the one to be answered now."""
    size: int
    seen: int
    """How much of ``size`` the request before this one held already."""
    cached: bool
    """The client asked for prompt caching."""


def read(body: bytes) -> Request:
    """Read a body; raises ``ValueError`` with a sentence that says what is wrong."""
    try:
        wire = msgspec.json.decode(body, type=Wire)
        messages = [msgspec.json.decode(raw, type=Message) for raw in wire.messages]
        tools = msgspec.json.decode(wire.tools, type=list[Named])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
    if not messages:
        raise ValueError("messages: at least one message is required")
    sizes = [len(memoryview(raw)) for raw in wire.messages]
    fixed = len(memoryview(wire.system)) + len(memoryview(wire.tools))
    answers = [n for n, message in enumerate(messages) if message.role == "assistant"]
    return Request(
        model=wire.model,
        stream=wire.stream,
        session=(wire.metadata and wire.metadata.user_id) or "",
        tools=frozenset(tool.name for tool in tools),
        turns=tuple(_turns(messages)),
        size=fixed + sum(sizes),
        seen=fixed + sum(sizes[: answers[-1]]) if answers else 0,
        cached=b'"cache_control"' in body,
    )


def _turns(messages: list[Message]) -> list[Turn]:
    turns = [Turn()]
    asked: dict[str, Content] = {}
    answering = False
    for message in messages:
        blocks = _blocks(message)
        if message.role == "assistant":
            asked.update({block.id: block for block in blocks if block.type == "tool_use"})
            answering = True
            continue
        if answering:
            turns.append(Turn())
            answering = False
        for block in blocks:
            if message.role == "system":
                _hear_note(turns[-1], block.text)
            else:
                _take(turns[-1], block, asked)
    # Answers in a row count as one; a last one is to be carried on.
    return [*turns, Turn()] if answering else turns


def _take(turn: Turn, block: Content, asked: dict[str, Content]) -> None:
    if block.type == "text":
        _hear(turn, block.text)
    elif block.type == "tool_result":
        text = _flat(block.content)
        call = asked.get(block.tool_use_id, Content())
        turn.calls.append(Call(call.name, _own(text).strip(), bool(block.is_error)))
        _hear_notes(turn, text)


def _hear(turn: Turn, text: str) -> None:
    _hear_notes(turn, text)
    own = _own(text)
    if INTERRUPTED.search(own):
        turn.after_interrupt = []
        own = INTERRUPTED.sub("", own)
    if own := own.strip():
        turn.said.append(own)
        if turn.after_interrupt is not None:
            turn.after_interrupt.append(own)


def _hear_notes(turn: Turn, text: str) -> None:
    for note in REMINDER.findall(text):
        _hear_note(turn, note)


def _hear_note(turn: Turn, note: str) -> None:
    for heard in MIDWAY.findall(note):
        turn.said.append(heard.strip())
        turn.midway = True


def _own(text: str) -> str:
    return REMINDER.sub("", text)


def _blocks(message: Message) -> list[Content]:
    if isinstance(message.content, str):
        return [Content(type="text", text=message.content)]
    return message.content


def _flat(content: object) -> str:
    """A tool result's content as text: it is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [cast("dict[str, Any]", p) for p in cast("list[Any]", content) if isinstance(p, dict)]
    return "\n".join(str(part["text"]) for part in parts if "text" in part)
