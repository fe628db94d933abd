"""From a step to a message: blocks, events, placeholders, usage, pace."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.rehearsal.conversation import Request
from autosclaw.rehearsal.scripts import choose
from autosclaw.rehearsal.stream import Answer, answer, pieces

from .bodies import called, request, result, said, script, user


def answered(played: Request) -> Answer:
    numbers = itertools.count()
    return answer(played, choose(played), lambda prefix: f"{prefix}{next(numbers)}")


def play(*steps: object, **more: Any) -> Answer:
    return answered(request(user(script(*steps)), **more))


def reassembled(reply: Answer) -> list[dict[str, Any]]:
    """The message a client builds from the events, checking their order on the way."""
    blocks: list[dict[str, Any]] = []
    fields = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
    for event in reply.events():
        if event.name == "content_block_start":
            assert event.data["index"] == len(blocks)
            blocks.append(dict(event.data["content_block"]) | {"json": ""})
        elif event.name == "content_block_delta":
            delta = event.data["delta"]
            if delta["type"] == "input_json_delta":
                blocks[-1]["json"] += delta["partial_json"]
            else:
                blocks[-1][fields[delta["type"]]] += delta[fields[delta["type"]]]
    for block in blocks:
        if text := block.pop("json"):
            block["input"] = json.loads(text)
    return blocks


def test_the_stream_says_what_the_message_says() -> None:
    reply = play(
        {
            "blocks": [
                {"think": "let me see"},
                "two files",
                {"tool": "Read", "input": {"file_path": "/a"}},
                {"tool": "Read", "input": {"file_path": "/b"}, "id": "mine"},
                {"raw": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}},
            ],
            "pace": 50,
        }
    )
    assert reassembled(reply) == reply.content
    assert [block["type"] for block in reply.content] == [
        "thinking",
        "text",
        "tool_use",
        "tool_use",
        "server_tool_use",
    ]
    assert reply.content[3]["id"] == "mine"
    assert reply.stop_reason == "tool_use"
    names = [event.name for event in reply.events()]
    assert names[:2] == ["message_start", "ping"]
    assert names[-2:] == ["message_delta", "message_stop"]


def test_the_stop_reason_and_model_can_be_set() -> None:
    assert play("a").stop_reason == "end_turn"
    reply = play({"text": "a", "stop": "max_tokens", "model": "other"})
    assert (reply.stop_reason, reply.message()["model"]) == ("max_tokens", "other")


def test_a_step_without_content_says_ok() -> None:
    assert play({"delay": 0}).content == [{"type": "text", "text": "ok"}]


def test_placeholders_are_filled_in_texts_and_inputs() -> None:
    prompt = user(
        "hi " + script({"tool": "Bash"}, {"tool": "Bash", "input": {"args": ["<<result>>", 3]}}),
    )
    reply = answered(request(prompt, called("Bash"), result("forty-two", midway="be quick")))
    assert reply.content[0]["input"] == {"args": ["forty-two", 3]}
    later = user(script({"blocks": ["<<message>>", {"think": "<<result>>"}]}))
    assert answered(request(later)).content[1]["thinking"] == ""


def test_the_newest_message_is_filled_in() -> None:
    prompt = user(script({"tool": "Bash"}, "you said <<message>>"))
    reply = answered(request(prompt, called("Bash"), result("x", midway="be quick")))
    assert reply.content[0]["text"] == "you said be quick"


def test_repetitions_are_numbered() -> None:
    many = play({"blocks": [{"repeat": 2_000, "text": "event <<i>>"}]}).content
    assert [block["text"] for block in many] == [f"event {n}" for n in range(1, 2_001)]
    prompt = user(script({"repeat": 3, "blocks": ["turn <<i>>"]}))
    second = answered(request(prompt, said("turn 1"), user("next")))
    assert second.content[0]["text"] == "turn 2"


def test_cache_reads_grow_by_what_the_turn_before_sent() -> None:
    cached = [{"type": "text", "text": "s" * 4_000, "cache_control": {"type": "ephemeral"}}]
    messages = [user(script({"repeat": 9, "tool": "Bash"}))]
    used: list[dict[str, Any]] = []
    for _ in range(3):
        used.append(answered(request(*messages, system=cached)).usage)
        messages += [called("Bash"), result("x" * 400)]
    first, second, third = used
    assert first["cache_read_input_tokens"] == 0
    assert first["cache_creation_input_tokens"] > 1_000
    for before, after in ((first, second), (second, third)):
        total = sum(before[key] for key in before if key in TOTAL)
        assert after["cache_read_input_tokens"] == total
        assert after["cache_creation_input_tokens"] > 100
    assert (
        third["cache_creation"]["ephemeral_5m_input_tokens"] == third["cache_creation_input_tokens"]
    )


TOTAL = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def test_without_caching_everything_is_input() -> None:
    used = play("a").usage
    assert used["input_tokens"] > 10
    assert used["cache_creation_input_tokens"] == used["cache_read_input_tokens"] == 0


def test_usage_can_be_set() -> None:
    kinds = {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 12}
    used = play(
        {
            "text": "a",
            "usage": {
                "input_tokens": 0,
                "output_tokens": 7,
                "cache_read_input_tokens": 9,
                "cache_creation": kinds,
            },
        }
    ).usage
    assert used | {"service_tier": ""} == {
        "input_tokens": 0,
        "output_tokens": 7,
        "cache_read_input_tokens": 9,
        "cache_creation_input_tokens": 42,
        "cache_creation": kinds,
        "service_tier": "",
    }


def test_final_usage_comes_with_the_last_delta() -> None:
    events = list(play({"text": "a", "usage": {"output_tokens": 7}}).events())
    assert events[0].data["message"]["usage"]["output_tokens"] == 1
    assert events[-2].data["usage"]["output_tokens"] == 7


@pytest.mark.parametrize(("kind", "tempo"), [("text", 1.0), ("think", 1.5)])
def test_a_paced_text_takes_as_long_as_said(kind: str, tempo: float) -> None:
    words = "some words " * 60
    events = list(play({kind: words, "pace": 30}).events())
    assert sum(event.seconds for event in events) == pytest.approx(len(words) / 30 / tempo)
    assert max(event.seconds for event in events) < 0.5


def test_gap_is_between_deltas() -> None:
    events = [event for event in play({"text": "abcdef", "gap": 2}).events() if event.seconds]
    assert [event.seconds for event in events] == [2.0] * len(events)


@given(st.text(), st.none() | st.floats(1, 10_000))
def test_pieces_join_to_the_text(text: str, rate: float | None) -> None:
    cut = pieces(text, rate)
    assert cut
    assert "".join(cut) == text
