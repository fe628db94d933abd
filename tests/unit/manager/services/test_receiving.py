"""Events as agents send them: kept byte for byte, or refused with the reason."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.services.conversations import check_answers
from autosclaw.manager.services.transcripts import receive
from autosclaw.protocol.errors import DomainError

AT = "2026-03-04T18:57:56.000Z"


def test_a_whole_event_is_kept_as_it_is() -> None:
    text = '{ "type":"output","at":"x", "agentId":"a","later" : [1.50] }'
    assert receive("a", 1, text.encode(), AT).text == text


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"output","content":"x"}',
        ' {"type":"output","content":"x","agentId":""}',
        '{"type":"output","content":"x","agentId":"","at":null}',
        '{"type":"output","content":"x","agentId":"a","at":null}',
    ],
)
def test_what_a_plain_agent_left_out_is_added_once(text: str) -> None:
    made = receive("a", 1, text.encode(), AT).text
    assert made.count('"agentId"') == made.count('"at"') == 1
    assert msgspec.json.decode(made) == {
        "type": "output", "content": "x", "agentId": "a", "at": AT
    }  # fmt: skip


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(json_values, st.booleans())
def test_nothing_of_an_event_is_lost(value: object, whole: bool) -> None:
    event = {"type": "tool_use", "name": "n", "input": value, "unknown": value}
    if whole:
        event |= {"agentId": "a", "at": AT}
    made = receive("a", 1, msgspec.json.encode(event), AT)
    assert msgspec.json.decode(made.text) == event | {"agentId": "a", "at": AT}


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b'{"type":"output","agentId":"b"}', b'{"type":"answered"}',
        b'{"type":"state_changed","state":"lost"}', b'{"type":"output","content":5}',
        b'{"type":"output","content":"\xff"}', b'{"type":"output","x":' + b"[" * 100_000,
        b'{"type":"exited","outcome":"won"}', b'{"type":"ask_closed","reason":"bored"}',
    ],
)  # fmt: skip
def test_what_agents_may_not_write_is_refused(text: bytes) -> None:
    with pytest.raises(DomainError):
        receive("a", 1, text, AT)


def test_answers_are_texts_or_lists_of_texts() -> None:
    good = {"one": "x", "two": ["a", "b"], "three": [], "four": "y" * 10_000}
    assert check_answers(dict(good)) == good


@pytest.mark.parametrize(
    "answers",
    [
        {}, {"q": 5}, {"q": None}, {"q": [1]}, {"q": {"a": 1}}, {"q": "x" * 10_001},
        {"q": ["x"] * 10}, {str(n): "x" for n in range(6)}, {"q": [["x"]]},
    ],
)  # fmt: skip
def test_other_answers_are_refused_with_the_field(answers: dict) -> None:
    with pytest.raises(DomainError, match=r"^answers: "):
        check_answers(answers)
