"""An agent's latest step in a few words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.domain.doing import clip, describe
from autosclaw.protocol import events


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.ToolUse(name="Bash", input={"command": "ls\n -l"}), "Bash ls -l"),
        (events.ToolUse(name="mcp__autosclaw__list_agents", input=None), "list_agents"),
        (events.ToolUse(name="Read", input={"file_path": "/work/a.py"}), "Read a.py"),
        (events.ToolUse(name="Odd", input=[1]), "Odd"),
        (events.Output(content=" Now \n then "), "Now then"),
        (events.Output(content="  "), None),
        (events.Output(msg_type="thinking", content="hm"), None),
        (events.Output(msg_type="result_error", content="No."), "Error: No."),
        (events.AskUser(questions=[events.AskQuestion("Why?")]), "Asks: Why?"),
        (events.AskUser(), None),
        (events.ToolResult(content="x"), None),
    ],
)
def test_lines(event: events.AgentEvent, line: str | None) -> None:
    assert describe(event) == line


@given(st.text(max_size=400))
def test_a_line_is_one_line_and_short(text: str) -> None:
    line = clip(text)
    assert len(line) <= 120
    assert len(line.splitlines()) <= 1
