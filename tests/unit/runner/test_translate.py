"""What real CLI sessions wrote (recorded/), and what becomes of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from autosclaw.protocol import limits
from autosclaw.protocol.events import (
    ChatSeen,
    Output,
    Session,
    ToolResult,
    ToolUse,
    encode,
)
from autosclaw.protocol.link import Delta, Tokens
from autosclaw.runner import frames
from autosclaw.runner.activity import Activity
from autosclaw.runner.translate import Said, Translator, encode_bounded

T = TypeVar("T")
RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> Iterator[dict[str, Any]]:
    for line in (RECORDED / f"{name}.jsonl").read_text().splitlines():
        yield json.loads(line)


def play(name: str) -> tuple[list[Said], Activity]:
    """The whole session; queued messages are numbered as they come, a second passes a line."""
    translator, activity, said, number = Translator(), Activity(), [], 0
    for second, raw in enumerate(recorded(name)):
        frame = frames.read(raw)
        assert frame is not None, raw["type"]
        if isinstance(frame, frames.CommandLifecycle) and frame.state == "queued":
            number += 1
            activity.sent(frame.command_uuid, number)
        said += translator.translate(frame, raw, activity.unseen, float(second))
        activity.observe(frame)
    return said, activity


def of(said: list[Said], kind: type[T]) -> list[T]:
    return [item for item in said if isinstance(item, kind)]


def texts(said: list[Said]) -> list[tuple[str, str]]:
    return [(item.msg_type, item.content) for item in of(said, Output)]


def test_a_turn_with_tools() -> None:
    said, activity = play("tools")
    assert of(said, Session) == [
        Session(
            session_id=of(said, Session)[0].session_id,
            model="claude-opus-4-6",
            cli_version="2.1.330",
        )
    ]
    assert of(said, ChatSeen) == [ChatSeen(input=1)]
    assert texts(said) == [
        ("thinking", "Let me look."),
        ("text", "Looking at the file."),
        ("system", "Started: while true; do read -t 9 x < /dev/zero; done"),
        ("text", "All done."),
        ("result_success", "All done."),
    ]
    calls = of(said, ToolUse)
    assert [(call.name, call.block) for call in calls] == [
        ("Bash", 2),
        ("Read", 3),
        ("Edit", 0),
        ("Bash", 0),
    ]
    assert calls[0].message_id == calls[1].message_id == of(said, Output)[0].message_id
    # A background shell still runs, so the agent is not at rest.
    assert (activity.state, activity.at_rest) == ("idle", False)


def test_tool_results_have_outcome_detail_and_duration() -> None:
    said, _ = play("tools")
    failed, read, edited, _ = of(said, ToolResult)
    assert (failed.ok, failed.content, failed.detail) == (False, "Exit code 3\nhi", None)
    assert read.ok
    assert read.detail["file"]["content"] == "one\ntwo\nthree\n"
    assert "structuredPatch" in edited.detail
    assert "originalFile" not in edited.detail
    for result in (failed, read, edited):
        assert result.duration_ms is not None
        assert result.duration_ms > 0
        assert result.duration_ms % 1000 == 0


def test_deltas_say_where_their_block_will_stand() -> None:
    said, _ = play("tools")
    partial: dict[tuple[str, int, str], str] = {}
    for delta in of(said, Delta):
        place = (delta.message_id, delta.block, delta.kind)
        partial[place] = partial.get(place, "") + delta.text
    for event in of(said, Output):
        if event.msg_type in ("text", "thinking"):
            assert event.message_id is not None
            assert event.block is not None
            assert partial.pop((event.message_id, event.block, event.msg_type)) == event.content
    for call in of(said, ToolUse):
        assert call.message_id is not None
        assert call.block is not None
        streamed = json.loads(partial.pop((call.message_id, call.block, "input")))
        # The CLI adds defaults.
        assert streamed.items() <= call.input.items()
    assert partial == {}


def test_sub_agents_are_marked_with_the_call_that_started_them() -> None:
    said, activity = play("subagent")
    [spawn] = [call for call in of(said, ToolUse) if call.name in ("Agent", "Task")]
    inner = [item for item in said if getattr(item, "parent", None) == spawn.id]
    assert [type(item).__name__ for item in inner] == [
        "Output",
        "Output",
        "ToolUse",
        "ToolResult",
        "Output",
    ]
    assert [item.block for item in inner if isinstance(item, Output | ToolUse)] == [0, 1, 2, 0]
    assert activity.at_rest
    # Its prompt is not a person's message.
    assert of(said, ChatSeen) == [ChatSeen(input=1)]


def test_errors_end_a_turn_but_not_the_session() -> None:
    said, activity = play("errors")
    [retry] = [item for item in of(said, Output) if item.kind == "api_retry"]
    assert retry.content.startswith("The model could not answer (529); attempt 1 of 10")
    assert [(item.msg_type, item.turn.api_status) for item in of(said, Output) if item.turn] == [
        ("result_success", None),
        ("result_error", 402),
    ]
    last = of(said, Output)[-1]
    assert last.content == "API Error: 402 Budget used up."
    assert activity.failure == last.content
    assert activity.at_rest


def test_an_interrupt_is_a_turn_without_success_but_no_failure() -> None:
    said, activity = play("interrupt")
    last = of(said, Output)[-1]
    assert (last.msg_type, last.content) == ("result_error", "Interrupted.")
    assert last.turn is not None
    assert last.turn.reason == "aborted_tools"
    # The queued message was withdrawn, nothing waits for it.
    assert (activity.at_rest, activity.failure, activity.unseen) == (True, None, {})
    assert of(said, ChatSeen) == [ChatSeen(input=1)]


def test_a_message_in_mid_task_is_seen_within_the_turn() -> None:
    said, activity = play("midtask")
    kinds = [
        item.input if isinstance(item, ChatSeen) else type(item).__name__
        for item in said
        if isinstance(item, ChatSeen | ToolUse | ToolResult)
    ]
    assert kinds == [1, "ToolUse", "ToolResult", 2]
    assert sum(item.turn is not None for item in of(said, Output)) == 1
    assert activity.at_rest


def test_totals_of_all_models_are_reported() -> None:
    said, _ = play("tools")
    [tokens] = of(said, Tokens)
    assert tokens.tokens.input_tokens == 400
    assert tokens.tokens.cost_usd > 0


def translate(raw: dict[str, Any]) -> list[Said]:
    frame = frames.read(raw)
    assert frame is not None
    return Translator().translate(frame, raw, {}, 0.0)


def assistant(**block: Any) -> dict[str, Any]:
    return {"type": "assistant", "message": {"id": "m", "content": [block]}}


def tool_result(content: Any, detail: Any = None) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": "t", "content": content}
    return {"type": "user", "message": {"content": [block]}, "tool_use_result": detail}


@pytest.mark.parametrize("letter", ["x", "\x1b", "漢", "\ud83d", '"'])
def test_nothing_is_larger_than_an_event_may_be(letter: str) -> None:
    huge = letter * 2_000_000
    for raw in (
        tool_result(huge, {"stdout": huge, "lines": [huge] * 3}),
        assistant(type="text", text=huge),
        assistant(type="thinking", thinking=huge),
        assistant(type="tool_use", id="t", name="Write", input={"a": [huge, {"b": huge}]}),
        {"type": "result", "is_error": True, "errors": [huge]},
        {"type": "tool_progress", "tool_name": huge},
        {"type": "system", "subtype": "informational", "content": huge},
    ):
        [event] = translate(raw)
        assert not isinstance(event, Delta | Tokens)
        data = encode_bounded(event)
        assert 1_000 < len(data) <= limits.EVENT_BYTES
        json.loads(data)


def test_what_was_clipped_says_so() -> None:
    [event] = translate(tool_result("a" * 100_000 + "the end"))
    assert isinstance(event, ToolResult)
    assert event.clipped
    assert event.content.endswith("the end")
    assert "40007 characters left out" in event.content
    [small] = translate(tool_result("short"))
    assert isinstance(small, ToolResult)
    assert b"clipped" not in encode(small)


def test_results_of_many_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image", "source": {}}]
    [event] = translate(tool_result(parts))
    assert isinstance(event, ToolResult)
    assert event.content == "a\n[image]"


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "assistant"},
        {"type": "assistant", "message": {"content": 5}},
        {"type": "no such thing"},
        {"type": ["list"]},
        {"type": "user", "message": {"content": [7]}},
        {"type": "stream_event", "event": "text"},
        {},
    ],
)
def test_forged_lines_are_not_read(raw: dict[str, Any]) -> None:
    assert frames.read(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "system", "subtype": "api_retry"},
        {"type": "system", "subtype": "api_retry", "retry_delay_ms": "soon"},
        {"type": "system", "subtype": "task_updated", "patch": 3},
        {"type": "system", "subtype": "no such thing"},
        {"type": "rate_limit_event", "rate_limit_info": {"status": {}}},
        {"type": "result"},
        {"type": "stream_event", "event": {"type": "content_block_delta"}},
        {"type": "user", "message": {"content": "text"}, "uuid": "unknown"},
    ],
)
def test_odd_lines_do_no_harm(raw: dict[str, Any]) -> None:
    for item in translate(raw):
        assert not isinstance(item, ChatSeen)
        if not isinstance(item, Delta | Tokens):
            assert encode_bounded(item)
