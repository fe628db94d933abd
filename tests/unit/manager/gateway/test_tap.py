"""Reading usage out of streams, however the bytes are cut and whatever else is in them."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.gateway.tap import JsonTap, SseTap, tap_for

from .fakes import MODEL, delta, end, event, start

STREAM = (
    start(input_tokens=7, cache_read_input_tokens=3)
    + event("ping")
    + delta("häße")
    + event("content_block_delta", delta={"type": "thinking_delta", "thinking": "abc"})
    + event("content_block_delta", delta={"type": "input_json_delta", "partial_json": "{}"})
    + event("content_block_delta", delta={"type": "signature_delta", "signature": "zzz"})
    + end(42)
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=30), st.booleans())
def test_any_cut_of_the_stream_reads_the_same(cuts: list[int], crlf: bool) -> None:
    tap = SseTap()
    places = [0, *sorted(cuts), len(STREAM)]
    for begin, finish in itertools.pairwise(places):
        piece = STREAM[begin:finish]
        tap.feed(piece.replace(b"\n", b"\r\n") if crlf else piece)
    reading = tap.read()
    assert (reading.model, reading.message_id) == (MODEL, "msg_1")
    assert reading.usage == {
        "input_tokens": 7,
        "cache_read_input_tokens": 3,
        "output_tokens": 42,
    }
    assert reading.chars == 4 + 3 + 2
    assert reading.final


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_rubbish_is_read_as_nothing(chunks: list[bytes]) -> None:
    tap = SseTap(event_bytes=64)
    for chunk in chunks:
        tap.feed(chunk)
    assert not tap.read().usage


def test_a_stream_is_final_with_its_stop_reason_not_before() -> None:
    tap = SseTap()
    tap.feed(start(input_tokens=1))
    assert not tap.read().final
    tap.feed(event("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 5}))
    assert not tap.read().final
    tap.feed(event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9}))
    assert tap.read().final
    assert tap.read().usage["output_tokens"] == 9


def test_null_counts_leave_the_earlier_ones() -> None:
    tap = SseTap()
    usage = {"input_tokens": None, "output_tokens": 2}
    tap.feed(start(input_tokens=5) + event("message_delta", delta={}, usage=usage))
    assert tap.read().usage == {"input_tokens": 5, "output_tokens": 2}


def test_data_in_several_lines_is_one_event() -> None:
    tap = SseTap()
    tap.feed(b'data: {"type":"message_start",\ndata: "message":{"usage":{"input_tokens":4}}}\n\n')
    assert tap.read().usage == {"input_tokens": 4}


def test_a_long_event_is_skipped_counted_by_its_length_and_never_held() -> None:
    tap = SseTap(event_bytes=1_000)
    tap.feed(start(input_tokens=5))
    tap.feed(b"event: content_block_delta\ndata: {")
    for _ in range(500):
        tap.feed(b"x" * 100)
        assert len(tap._line) + len(tap._data) <= 1_000
    tap.feed(b"}\n\n" + end(8))
    reading = tap.read()
    assert reading.usage == {"input_tokens": 5, "output_tokens": 8}
    assert 50_000 <= reading.chars <= 50_020
    assert reading.final


def test_many_short_data_lines_are_held_no_longer_than_one_long() -> None:
    tap = SseTap(event_bytes=1_000)
    for _ in range(1_000):
        tap.feed(b"data: xxxxxxxx\n")
        assert len(tap._line) + len(tap._data) <= 1_000
    tap.feed(b"\n" + start(input_tokens=5))
    assert tap.read().usage["input_tokens"] == 5


def test_a_json_answer_is_read_when_complete() -> None:
    body = json.dumps({"id": "m", "model": MODEL, "usage": {"input_tokens": 3}}).encode()
    tap = tap_for("application/json")
    tap.feed(body[:10])
    assert not tap.read().final
    tap.feed(body[10:])
    reading = tap.read()
    assert (reading.usage, reading.final, reading.message_id) == ({"input_tokens": 3}, True, "m")


def test_a_json_answer_over_the_limit_is_not_held() -> None:
    tap = JsonTap(answer_bytes=100)
    for _ in range(50):
        tap.feed(b" " * 30)
        assert len(tap._body) <= 100
    tap.feed(b'{"usage":{"input_tokens":3}}')
    assert not tap.read().usage
