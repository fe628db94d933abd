"""Reading the provider's own count out of an answer while it streams past.

Must not change, delay or keep the stream: at most one event of a stream is held, and one that is
too long is skipped, not kept.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from autosclaw.protocol import limits


@dataclass(slots=True)
class Reading:
    """What an answer has said so far.

    usage: the merged usage object, empty = none came. final: the count will not grow any more.
    chars: length of the output text seen, for an estimate when the count is not final.
    """

    model: str | None = None
    message_id: str | None = None
    usage: dict[str, Any] = field(default_factory=dict[str, Any])
    chars: int = 0
    final: bool = False


class Tap(Protocol):
    """One answer's reader."""

    def feed(self, chunk: bytes) -> None:
        """The next bytes, however they are cut."""
        ...

    def read(self) -> Reading:
        """What is known now."""
        ...


class _Message(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None


class _Delta(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    delta: _Delta | None = None
    usage: dict[str, Any] | None = None


_event_decoder = msgspec.json.Decoder(_Event)
_message_decoder = msgspec.json.Decoder(_Message)


class SseTap:
    """Reads server-sent events (WHATWG HTML §9.2) whose lines end in LF or CRLF."""

    def __init__(self, event_bytes: int = limits.GATEWAY_EVENT_BYTES) -> None:
        self._event_bytes = event_bytes
        self._line = bytearray()
        self._data = bytearray()
        self._skipped = 0
        self._reading = Reading()

    def feed(self, chunk: bytes) -> None:
        """The next bytes, however they are cut."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._hold(piece)
            self._end_line()
        self._hold(rest)

    def read(self) -> Reading:
        """What is known now."""
        return self._reading

    def _hold(self, piece: bytes) -> None:
        held = len(self._line) + len(self._data)
        if self._skipped or held + len(piece) > self._event_bytes:
            self._skipped += held + len(piece)
            self._line.clear()
            self._data.clear()
        else:
            self._line += piece

    def _end_line(self) -> None:
        line = bytes(self._line).removesuffix(b"\r")
        self._line.clear()
        if self._skipped:
            # A line that was skipped is a delta in all likelihood: it counts by its length.
            self._reading.chars += self._skipped
            self._skipped = 0
        elif not line:
            self._end_event()
        elif line.startswith(b"data:"):
            self._data += line[5:] + b"\n"

    def _end_event(self) -> None:
        data = bytes(self._data)
        self._data.clear()
        if not data:
            return
        try:
            event = _event_decoder.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return
        self._take(event)

    def _take(self, event: _Event) -> None:
        reading = self._reading
        if event.type == "message_start" and event.message:
            reading.model = event.message.model
            reading.message_id = event.message.id
            self._merge(event.message.usage)
        elif event.type == "content_block_delta" and event.delta:
            delta = event.delta
            reading.chars += len(delta.text or delta.thinking or delta.partial_json or "")
        elif event.type == "message_delta":
            self._merge(event.usage)
            reading.final = bool(event.usage and event.delta and event.delta.stop_reason)
        elif event.type == "message_stop":
            reading.final = bool(reading.usage)

    def _merge(self, usage: dict[str, Any] | None) -> None:
        """Counts are cumulative: a later one replaces an earlier one, null says nothing."""
        for name, value in (usage or {}).items():
            if value is not None:
                self._reading.usage[name] = value


class JsonTap:
    """Reads an answer that is one JSON object; one larger than the limit stays unread."""

    def __init__(self, answer_bytes: int = limits.GATEWAY_ANSWER_BYTES) -> None:
        self._answer_bytes = answer_bytes
        self._body = bytearray()
        self._overflowed = 0

    def feed(self, chunk: bytes) -> None:
        """The next bytes, however they are cut."""
        if self._overflowed or len(self._body) + len(chunk) > self._answer_bytes:
            self._overflowed += len(chunk)
            self._body.clear()
        else:
            self._body += chunk

    def read(self) -> Reading:
        """What is known now: nothing before the object is complete."""
        try:
            message = _message_decoder.decode(self._body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return Reading()
        usage = message.usage or {}
        return Reading(message.model, message.id, usage, final=bool(usage))


def tap_for(content_type: str) -> Tap:
    """The reader for an answer of this content type."""
    return SseTap() if content_type.startswith("text/event-stream") else JsonTap()
