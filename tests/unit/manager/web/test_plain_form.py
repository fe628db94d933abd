"""Transcripts as the contract's text_history, and errors as its one sentence."""

import json

import pytest

from autosclaw.manager.web.errors import sentence
from autosclaw.manager.web.history import entries, newest_within
from autosclaw.protocol import limits
from autosclaw.protocol.agents import SpawnRequest


def test_entries_are_the_contracts() -> None:
    events = [
        {"type": "output", "msgType": "text", "content": "a"},
        {"type": "output", "content": "b"},
        {"type": "output", "msgType": "user_input", "content": "c", "by": "x"},
        {"type": "output"},
        {"type": "tool_use", "toolType": "mcp_tool_use", "name": "n", "input": {"k": 1}},
        {"type": "tool_use"},
        {"type": "tool_result", "content": "hidden"},
        {"type": "state_changed", "state": "starting"},
    ]
    assert entries(json.dumps(event) for event in events) == [
        {"role": "assistant", "text": "a", "msgType": "text"},
        {"role": "assistant", "text": "b", "msgType": "text"},
        {"role": "user", "text": "c", "msgType": "user_input"},
        {"role": "assistant", "text": "", "msgType": "text"},
        {"role": "tool", "type": "tool_use", "toolType": "mcp_tool_use", "name": "n",
         "input": {"k": 1}},
        {"role": "tool", "type": "tool_use", "toolType": "tool_use", "name": "", "input": None},
    ]  # fmt: skip


def test_the_newest_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PLAIN_HISTORY_BYTES", 10)
    assert newest_within([]) == ([], False)
    assert newest_within(["12345", "67890"]) == (["12345", "67890"], False)
    assert newest_within(["1", "2345", "67890x"]) == (["2345", "67890x"], True)
    assert newest_within(["x" * 11]) == ([], True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "x" * 256}, ("name", "255")),
        ({"keepAliveSeconds": -1}, ("keepAliveSeconds", "0")),
        ({"permissions": ["root"]}, ("permissions.0", "agent:spawn")),
        ({"model": ""}, ("model", "1")),
        ({"systemPrompt": 5}, ("systemPrompt",)),
    ],
)
def test_a_refusal_names_the_field_and_the_limit(body: dict, words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError) as refused:
        SpawnRequest.model_validate(body)
    told = sentence(refused.value.errors())  # type: ignore[attr-defined]
    assert all(word in told for word in words), told
    assert told.endswith(".")
