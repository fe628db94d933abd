"""Turns what the CLI writes into events of the transcript.

PURE: no clock, no socket, no SDK; the same lines give the same events. It must not judge what
the agent may do.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, cast

from autosclaw.protocol import limits
from autosclaw.protocol.events import (
    ChatSeen,
    Event,
    Output,
    Session,
    ToolResult,
    ToolUse,
    Turn,
    encode,
)
from autosclaw.protocol.link import Delta, Tokens, TokenTotals
from autosclaw.runner import frames
from autosclaw.runner.clip import clip_text, clip_value
from autosclaw.runner.notices import notice

Said = Event | Delta | Tokens

# Characters of a text block; the longest answer a model gives fits.
TEXT_CHARS = 120_000
# Characters of a call's input, and of a result's structured detail.
INPUT_CHARS = limits.RESULT_CHARS
DETAIL_CHARS = limits.RESULT_CHARS // 2
# Model messages and running tools remembered at a time.
_MESSAGES = 256
_TOOLS = 4_096
# Whole files that an edit's detail repeats; the patch beside it says the same.
_LEFT_OUT = ("originalFile",)

_DELTA_KINDS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("input", "partial_json"),
}
_ABORTED = ("aborted_streaming", "aborted_tools")


class Translator:
    """One session's translation. It only remembers what connects lines with each other."""

    def __init__(self) -> None:
        self._streaming: tuple[str, int] = ("", 0)
        self._blocks: OrderedDict[str, int] = OrderedDict()
        self._started: OrderedDict[str, float] = OrderedDict()
        self._session: tuple[str | None, str | None] = (None, None)

    def translate(
        self, frame: frames.Frame, raw: Mapping[str, Any], chats: Mapping[str, int], seconds: float
    ) -> list[Said]:
        """What the line says. `raw` is the line itself, `chats` maps the UUIDs of messages that
        the model has not taken in yet to their input numbers, `seconds` is a monotonic clock."""
        match frame:
            case frames.StreamEvent():
                return self._stream(frame)
            case frames.Assistant():
                return self._assistant(frame, seconds)
            case frames.User():
                return self._user(frame, chats, seconds)
            case frames.Result():
                return [*_seen(frame, chats), *_result(frame)]
            case frames.System(subtype="init"):
                return self._init(frame)
            case _:
                told = notice(frame, raw)
                return [] if told is None else [told]

    def _stream(self, frame: frames.StreamEvent) -> list[Said]:
        event = frame.event
        if event.type == "message_start" and event.message is not None:
            self._streaming = (event.message.id, 0)
        elif event.type == "content_block_start":
            self._streaming = (self._streaming[0], event.index)
        elif event.type == "content_block_delta" and event.delta is not None:
            known = _DELTA_KINDS.get(event.delta.type)
            if known is not None:
                kind, field = known
                text, _ = clip_text(getattr(event.delta, field), TEXT_CHARS)
                return [Delta(self._streaming[0], event.index, kind, text)] if text else []
        return []

    def _assistant(self, frame: frames.Assistant, seconds: float) -> list[Said]:
        said: list[Said] = []
        for block in frame.message.content:
            place = self._place(frame.message.id, frame.parent_tool_use_id)
            event = self._block(block, place, frame, seconds)
            if event is not None:
                said.append(event)
        return said

    def _place(self, message_id: str | None, parent: str | None) -> int | None:
        """The index of the block that this line holds. The line comes before the block's end in
        the stream; sub-agents, and answers that were not streamed, have to be counted."""
        if message_id is None:
            return None
        if parent is None and message_id == self._streaming[0]:
            return self._streaming[1]
        index = self._blocks.pop(message_id, -1) + 1
        self._blocks[message_id] = index
        if len(self._blocks) > _MESSAGES:
            self._blocks.popitem(last=False)
        return index

    def _block(
        self, block: frames.Block, place: int | None, frame: frames.Assistant, seconds: float
    ) -> Event | None:
        message_id, parent = frame.message.id, frame.parent_tool_use_id
        if block.type in ("text", "thinking"):
            text, clipped = clip_text(
                block.text if block.type == "text" else block.thinking, TEXT_CHARS
            )
            return Output(
                msg_type=block.type,
                content=text,
                message_id=message_id,
                block=place,
                parent=parent,
                error=frame.error,
                data={"clipped": True} if clipped else None,
            )
        if block.type in ("tool_use", "server_tool_use"):
            shown, clipped = clip_value(block.input, INPUT_CHARS)
            self._started[block.id] = seconds
            if len(self._started) > _TOOLS:
                self._started.popitem(last=False)
            return ToolUse(
                tool_type="mcp_tool_use" if block.name.startswith("mcp__") else block.type,
                name=block.name,
                input=shown,
                id=block.id,
                message_id=message_id,
                block=place,
                parent=parent,
                clipped=clipped,
            )
        return None

    def _user(self, frame: frames.User, chats: Mapping[str, int], seconds: float) -> list[Said]:
        content = frame.message.content
        blocks = content if isinstance(content, list) else []
        results = [block for block in blocks if block.type == "tool_result"]
        if results:
            return [self._tool_result(block, frame, seconds) for block in results]
        number = chats.get(frame.uuid or "")
        return [] if number is None else [ChatSeen(input=number)]

    def _tool_result(self, block: frames.Block, frame: frames.User, seconds: float) -> ToolResult:
        started = self._started.pop(block.tool_use_id, None)
        content, clipped = clip_text(result_text(block.content), limits.RESULT_CHARS)
        detail = frame.tool_use_result
        if isinstance(detail, dict):
            fields = cast("dict[str, Any]", detail)
            kept = {name: value for name, value in fields.items() if name not in _LEFT_OUT}
            detail, cut = clip_value(kept, DETAIL_CHARS)
            clipped |= cut
        else:
            # A text repeats the content.
            detail = None
        return ToolResult(
            id=block.tool_use_id,
            ok=not block.is_error,
            content=content,
            detail=detail,
            duration_ms=None if started is None else round((seconds - started) * 1000),
            parent=frame.parent_tool_use_id,
            clipped=clipped,
        )

    def _init(self, frame: frames.System) -> list[Said]:
        """Every turn begins with one; only a change is told."""
        now = (frame.session_id, frame.model)
        if now == self._session:
            return []
        self._session = now
        return [
            Session(
                session_id=frame.session_id or "",
                model=frame.model or "",
                cli_version=frame.claude_code_version,
            )
        ]


def _seen(frame: frames.Result, chats: Mapping[str, int]) -> list[ChatSeen]:
    """Messages the turn took in of which no line told."""
    uuids = frame.user_message_uuids or []
    return [ChatSeen(input=chats[uuid]) for uuid in uuids if uuid in chats]


def _result(frame: frames.Result) -> list[Said]:
    content, _ = clip_text(result_reason(frame), TEXT_CHARS)
    turn = Turn(
        reason=frame.terminal_reason,
        api_status=frame.api_error_status,
        duration_ms=frame.duration_ms,
        turns=frame.num_turns,
        cli_cost_usd=frame.total_cost_usd,
        origin=frame.origin.kind if frame.origin else None,
    )
    kind = "result_error" if frame.is_error or interrupted(frame) else "result_success"
    said: list[Said] = [Output(msg_type=kind, content=content, turn=turn)]
    if frame.model_usage:
        said.append(Tokens(tokens=_totals(frame.model_usage.values())))
    return said


def interrupted(frame: frames.Result) -> bool:
    """The turn ended because a person (or a stop) interrupted it."""
    return frame.terminal_reason in _ABORTED


def result_reason(frame: frames.Result) -> str:
    """The final text of a turn, or what went wrong."""
    if interrupted(frame):
        return "Interrupted."
    if frame.is_error:
        return "; ".join(frame.errors or []) or frame.result or frame.subtype or "unknown error"
    return frame.result or ""


def _totals(uses: Iterable[frames.ModelUse]) -> TokenTotals:
    totals = TokenTotals()
    for use in uses:
        totals.input_tokens += use.input_tokens
        totals.output_tokens += use.output_tokens
        totals.cache_read_input_tokens += use.cache_read_input_tokens
        totals.cache_creation_input_tokens += use.cache_creation_input_tokens
        totals.cost_usd += use.cost_usd
    return totals


def result_text(content: object) -> str:
    """A tool result's content as text: a string, or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts: list[str] = []
    for item in cast("list[object]", content):
        if isinstance(item, dict):
            block = cast("dict[str, Any]", item)
            kind = block.get("type")
            parts.append(str(block.get("text", "")) if kind == "text" else f"[{kind}]")
    return "\n".join(parts)


def encode_bounded(event: Event) -> bytes:
    """The event in at most EVENT_BYTES. Control characters take six bytes each, so a text
    within its limit of characters may still be too large; then a third of it must do."""
    data = encode(event)
    if len(data) <= limits.EVENT_BYTES:
        return data
    if isinstance(event, ToolResult):
        event.detail, event.clipped = None, True
        event.content, _ = clip_text(event.content, limits.RESULT_CHARS // 3)
    elif isinstance(event, ToolUse):
        event.input, _ = clip_value(event.input, INPUT_CHARS // 3)
        event.clipped = True
    elif isinstance(event, Output):
        event.content, _ = clip_text(event.content, TEXT_CHARS // 3)
        event.data = {"clipped": True}
    return encode(event)
