"""Turns a chosen step into what goes over the wire: a message, its usage, its events.

It must not wait or send; each event says how long it takes to write, the server waits.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from autosclaw.rehearsal.conversation import Request
from autosclaw.rehearsal.limits import MAX_RESULT_CHARS
from autosclaw.rehearsal.scripts import Choice
from autosclaw.rehearsal.steps import Block, Step

Json = dict[str, Any]

BYTES_PER_TOKEN = 4
# What a cached request still pays at the full price: the few tokens after the last mark.
UNCACHED_TOKENS = 4
# Without a pace a text comes in so many deltas: cheap, and still a stream.
UNPACED_DELTAS = 3
# With a pace, about so many deltas a second, cut between words.
DELTAS_PER_SECOND = 20
THINK_TEMPO = 1.5
TOOL_TEMPO = 6.0
WORDS = re.compile(r"\s*\S+\s?|\s+")
SIGNATURE = "cmVoZWFyc2Fs" * 6


@dataclass(frozen=True)
class Event:
    """One server-sent event; ``seconds`` is how long writing it takes at natural pace."""

    name: str
    data: Json
    seconds: float = 0.0

    def encode(self) -> bytes:
        """The event as it goes over the wire."""
        data = json.dumps({"type": self.name, **self.data})
        return f"event: {self.name}\ndata: {data}\n\n".encode()


@dataclass(frozen=True)
class Answer:
    """A whole assistant message."""

    id: str
    model: str
    content: list[Json]
    stop_reason: str
    usage: Json
    step: Step

    def message(self) -> Json:
        """The body of an answer that is not streamed."""
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": self.content,
            "stop_reason": self.stop_reason,
            "stop_sequence": None,
            "usage": self.usage,
        }

    def events(self) -> Iterator[Event]:
        """The same message as a stream, in the order of the API."""
        empty: list[Json] = []
        used = self.usage | {"output_tokens": min(1, self.usage["output_tokens"])}
        start = self.message() | {"content": empty, "stop_reason": None, "usage": used}
        yield Event("message_start", {"message": start})
        yield Event("ping", {})
        for index, block in enumerate(self.content):
            yield from _block_events(index, block, self.step)
        delta = {"stop_reason": self.stop_reason, "stop_sequence": None}
        yield Event("message_delta", {"delta": delta, "usage": self.usage})
        yield Event("message_stop", {})


def answer(request: Request, choice: Choice, new_id: Callable[[str], str]) -> Answer:
    """Lay out the message for a choice; ``new_id`` makes an unused id after a prefix."""
    step = choice.step
    fill = _filler(request)
    content = [
        # A block's own repetition counts, else the step's.
        _content(block, number if block.repeat > 1 else choice.repetition, fill, new_id)
        for number, block in step.contents()
    ]
    calls = any(block["type"] == "tool_use" for block in content)
    return Answer(
        id=new_id("msg_"),
        model=step.model or request.model,
        content=content,
        stop_reason=step.stop or ("tool_use" if calls else "end_turn"),
        usage=usage(request, step, content),
        step=step,
    )


def usage(request: Request, step: Step, content: list[Json]) -> Json:
    """Token counts: what the step sets, else an estimate from the sizes.

    With caching, all but a few tokens of the request before are read from the cache and
    the rest is written to it, so cache reads grow turn by turn as with the real API.
    """
    given = step.usage
    size = request.size // BYTES_PER_TOKEN
    read = min(size, request.seen // BYTES_PER_TOKEN) if request.cached else 0
    written = max(0, size - read - UNCACHED_TOKENS) if request.cached else 0
    output = sum(len(json.dumps(block)) for block in content) // BYTES_PER_TOKEN
    kept_1h = given.cache_creation.ephemeral_1h_input_tokens if given.cache_creation else 0
    if given.cache_creation_input_tokens is not None:
        written = given.cache_creation_input_tokens
    elif given.cache_creation is not None:
        written = given.cache_creation.ephemeral_5m_input_tokens + kept_1h
    return {
        "input_tokens": _first(given.input_tokens, max(1, size - read - written)),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": _first(given.cache_read_input_tokens, read),
        "cache_creation": {
            "ephemeral_5m_input_tokens": max(0, written - kept_1h),
            "ephemeral_1h_input_tokens": kept_1h,
        },
        "output_tokens": _first(given.output_tokens, max(1, output)),
        "service_tier": "standard",
    }


def pieces(text: str, rate: float | None) -> list[str]:
    """Cut a text into deltas: a few without a rate, else some 20 a second between words.

    Always at least one piece; joined they are the text again.
    """
    if rate is None:
        size = len(text) // UNPACED_DELTAS + 1
        return [text[i : i + size] for i in range(0, len(text), size)] or [""]
    size = max(1, round(rate / DELTAS_PER_SECOND))
    out = [""]
    for word in WORDS.findall(text):
        if len(out[-1]) >= size:
            out.append("")
        out[-1] += word
    # A long run without a space is cut as well, so that it does not come at once.
    return [part[i : i + 4 * size] for part in out for i in range(0, max(1, len(part)), 4 * size)]


def _first(given: int | None, estimate: int) -> int:
    return estimate if given is None else given


def _filler(request: Request) -> Callable[[object, int], Any]:
    results = [call.result for turn in request.turns for call in turn.calls]
    messages = [text for turn in request.turns for text in turn.said]
    result = results[-1][:MAX_RESULT_CHARS] if results else ""
    message = messages[-1] if messages else ""

    def fill(value: object, number: int) -> Any:
        if isinstance(value, str):
            if "<<" not in value:
                return value
            value = value.replace("<<i>>", str(number)).replace("<<result>>", result)
            return value.replace("<<message>>", message)
        if isinstance(value, list):
            return [fill(item, number) for item in cast("list[object]", value)]
        if isinstance(value, dict):
            items = cast("dict[str, object]", value).items()
            return {key: fill(item, number) for key, item in items}
        return value

    return fill


def _content(
    block: Block, number: int, fill: Callable[[object, int], Any], new_id: Callable[[str], str]
) -> Json:
    if block.raw is not None:
        return block.raw
    if block.think is not None:
        thought = fill(block.think, number)
        return {"type": "thinking", "thinking": thought, "signature": SIGNATURE}
    if block.tool is not None:
        given = fill(block.input, number)
        name = block.tool
        return {
            "type": "tool_use",
            "id": block.id or new_id("toolu_"),
            "name": name,
            "input": given,
        }
    return {"type": "text", "text": fill("ok" if block.text is None else block.text, number)}


def _block_events(index: int, block: Json, step: Step) -> Iterator[Event]:
    """Start, deltas and stop of one block."""
    opened, kind, key, text, tempo = _delta_shape(block)
    yield Event("content_block_start", {"index": index, "content_block": opened})
    rate = step.pace * tempo if step.pace else None
    for piece in pieces(text, rate) if kind else ():
        seconds = step.gap + (len(piece) / rate if rate else 0.0)
        delta = {"type": kind, key: piece}
        yield Event("content_block_delta", {"index": index, "delta": delta}, seconds)
    if kind == "thinking_delta":
        delta = {"type": "signature_delta", "signature": block["signature"]}
        yield Event("content_block_delta", {"index": index, "delta": delta})
    yield Event("content_block_stop", {"index": index})


def _delta_shape(block: Json) -> tuple[Json, str, str, str, float]:
    """The opening block, and type, key, whole text and relative speed of its deltas.

    Types that do not stream here (``raw`` ones) come whole: their delta type is empty.
    """
    match block:
        case {"type": "text", "text": str(text)}:
            return block | {"text": ""}, "text_delta", "text", text, 1.0
        case {"type": "thinking", "thinking": str(text), "signature": str()}:
            opened = block | {"thinking": "", "signature": ""}
            return opened, "thinking_delta", "thinking", text, THINK_TEMPO
        case {"type": "tool_use"}:
            text = json.dumps(block.get("input"))
            return block | {"input": {}}, "input_json_delta", "partial_json", text, TOOL_TEMPO
        case _:
            return block, "", "", "", 1.0
