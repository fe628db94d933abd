"""Reading a request: people's words, the CLI's notes, tool results, sizes."""

import pytest

from autosclaw.rehearsal.conversation import read

from .bodies import ENVIRONMENT, called, note, request, result, said, user

REMINDER = "<system-reminder>\n{}</system-reminder>"


def test_the_clis_notes_are_not_what_people_said() -> None:
    turns = request(user(ENVIRONMENT, f"hello {ENVIRONMENT}")).turns
    assert [turn.said for turn in turns] == [["hello"]]


def test_a_plain_string_is_a_text_too() -> None:
    assert request({"role": "user", "content": "hello"}).turns[0].said == ["hello"]


def test_a_tool_result_is_matched_to_its_call_and_freed_of_notes() -> None:
    turns = request(user("go"), called("Bash"), result("out\nput", error=True)).turns
    assert [(call.name, call.result, call.is_error) for call in turns[1].calls] == [
        ("Bash", "out\nput", True)
    ]
    assert not turns[1].said


def test_a_tool_result_in_blocks_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    message = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "x", "content": parts}],
    }
    assert request(user("go"), called("Bash", "x"), message).turns[1].calls[0].result == "a\nb"


@pytest.mark.parametrize(
    "midway",
    [
        [result("out", midway="and\n\nthis")],
        [result("out"), note("and\n\nthis")],
        [
            result("out"),
            user(REMINDER.format(note("and\n\nthis")["content"])),
        ],
    ],
    ids=["in the tool result", "as a system message", "as a text"],
)
def test_a_message_sent_while_a_tool_ran_is_heard(midway: list[dict[str, object]]) -> None:
    turn = request(user("go"), called("Bash"), *midway).turns[-1]
    assert (turn.said, turn.midway) == (["and\n\nthis"], True)
    assert turn.calls[0].result == "out"


def test_what_comes_after_an_interrupt_is_told_apart() -> None:
    last = user("[Request interrupted by user for tool use]\n", "do something else")
    turns = request(user("go"), called("Bash"), result("cut", error=True), last).turns
    assert len(turns) == 2
    assert turns[0].after_interrupt is None
    assert turns[1].after_interrupt == ["do something else"]


def test_answers_in_a_row_are_one_and_each_input_starts_a_turn() -> None:
    turns = request(user("a"), said("1"), said("2"), user("b"), said("3"), user("c")).turns
    assert [turn.said for turn in turns] == [["a"], ["b"], ["c"]]


def test_what_the_request_before_held_is_known() -> None:
    first, second = request(user("a")), request(user("a"), said("1"), user("b"))
    assert first.seen == 0
    assert second.seen == first.size < second.size


def test_caching_the_session_and_the_tools_are_read() -> None:
    read_ = request(user("a"), tools=("Bash",), system=[{"cache_control": {}}], stream=True)
    assert (read_.cached, read_.session, read_.tools, read_.stream) == (
        True,
        "session-1",
        {"Bash"},
        True,
    )
    assert not request(user("a")).cached


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"messages": []}', "model"),
        (b'{"model": "m", "messages": []}', "at least one message"),
        (b'{"model": "m", "messages": [{"role": "user"}]}', "content"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "\xff"}]}', "(?i)utf-?8"),
    ],
)
def test_a_malformed_body_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(body)
