"""The real Claude CLI, driven by the rehearsal model."""

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from autosclaw.rehearsal.server import RunningServer, serve

from .bodies import script

sdk = pytest.importorskip("claude_agent_sdk")
pytestmark = [
    pytest.mark.cli,
    # The SDK warns that questions are not asked in this mode; they are.
    pytest.mark.filterwarnings("ignore::claude_agent_sdk.CanUseToolShadowedWarning"),
]
KEY = "any-key"


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    running = await serve(expected_key=KEY, tempo=math.inf)
    yield running
    await running.aclose()


def options(server: RunningServer, tmp_path: Path, **more: Any) -> Any:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    env = {
        "ANTHROPIC_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": KEY,
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "IS_SANDBOX": "1",
    }
    return sdk.ClaudeAgentOptions(
        model="claude-sonnet-5-5",
        permission_mode="bypassPermissions",
        setting_sources=[],
        strict_mcp_config=True,
        cwd=str(work),
        env=env,
        include_partial_messages=True,
        **more,
    )


async def turn(client: Any, text: str) -> tuple[list[Any], Any]:
    """Everything up to the result, and the result."""
    await client.query(text)
    messages = [message async for message in client.receive_response()]
    return messages, messages[-1]


def blocks(messages: list[Any], kind: type[Any]) -> list[Any]:
    return [b for m in messages if isinstance(getattr(m, "content", None), list) for b in m.content
            if isinstance(b, kind)]  # fmt: skip


async def test_a_script_runs_tools_survives_failures_and_ends(
    server: RunningServer, tmp_path: Path
) -> None:
    steps = (
        {
            "blocks": [
                {"think": "hm"},
                {"tool": "Bash", "input": {"command": "echo from-the-shell"}},
            ]
        },
        {"text": "it said: <<result>>", "fail": [{"status": 529}, {"status": 0, "mid": 1}]},
    )
    many = {"blocks": [{"repeat": 300, "text": "event <<i>>"}]}
    async with sdk.ClaudeSDKClient(options(server, tmp_path)) as client:
        messages, ended = await turn(client, script(*steps))
        assert not ended.is_error
        assert ended.result == "it said: from-the-shell"
        assert [b.thinking for b in blocks(messages, sdk.ThinkingBlock)] == ["hm"]
        messages, _ = await turn(client, script(many))
        texts = [block.text for block in blocks(messages, sdk.TextBlock)]
        assert texts == [f"event {n}" for n in range(1, 301)]
        _, ended = await turn(client, script({"fail": [{"status": 402, "message": "No budget."}]}))
        assert ended.is_error
        assert "No budget." in ended.result
        _, ended = await turn(client, "the budget is raised: go on")
        assert ended.result == "ok"
        _, ended = await turn(client, "who are you?")
        assert "rehearsal model" in ended.result


async def test_the_demo_plays_to_its_end(server: RunningServer, tmp_path: Path) -> None:
    async def answer(name: str, given: dict[str, Any], _: object) -> Any:
        assert name == "AskUserQuestion"
        answers = {question["question"]: "Return None" for question in given["questions"]}
        return sdk.PermissionResultAllow(updated_input=given | {"answers": answers})

    async with sdk.ClaudeSDKClient(options(server, tmp_path, can_use_tool=answer)) as client:
        messages, ended = await turn(client, "Make me something nice")
    assert not ended.is_error
    assert "| `soon` | returns `None` |" in ended.result
    outcomes = [str(block.content) for block in blocks(messages, sdk.ToolResultBlock)]
    runs = [outcome for outcome in outcomes if "Ran " in outcome]
    assert ["FAILED" in run for run in runs] == [True, False, False]
    # Nothing else went wrong on the way.
    failed = [b for b in blocks(messages, sdk.ToolResultBlock) if b.is_error]
    assert len(failed) == 1
    (folder,) = (tmp_path / "work").iterdir()
    assert (folder / ".git/refs/heads/add-durations").exists()
    assert "return None" in (folder / "durations.py").read_text()
