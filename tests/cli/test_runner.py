"""An agent's life with the real CLI: works, asks, is interrupted, dies, goes on, ends."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from agent_runner import Runner, bash, eventually, script
from runner.fake_manager import SESSION_ID, FakeManager

pytestmark = pytest.mark.cli

# Ends only when it is ended; reading keeps it from spinning.
ENDLESS = "echo $$ > pid; while true; do read -t 5 x < fifo; done"
QUESTION: dict[str, Any] = {
    "questions": [
        {
            "question": "Which database?",
            "header": "Database",
            "multiSelect": False,
            "options": [
                {"label": "SQLite", "description": "a file"},
                {"label": "PostgreSQL", "description": "a server"},
            ],
        }
    ]
}
PLACES: dict[str, Any] = {
    "questions": [{**QUESTION["questions"][0], "question": "Where?", "multiSelect": True}]
}


def endless(runner: Runner) -> dict[str, Any]:
    os.mkfifo(runner.work / "fifo")
    return bash(ENDLESS)


async def running_tool(manager: FakeManager, runner: Runner) -> int:
    """Wait for the endless tool; its process."""
    await manager.event(type="tool_use")
    path = runner.work / "pid"
    return int(await eventually(lambda: path.exists() and path.read_text().strip()))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


async def test_works_and_finishes(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    manager.chat(
        script(bash("echo $((6 * 7)); env"), {"text": "The answer is <<result>>", "gap": 0.1})
    )
    await runner.start()
    assert await runner.exit_code() == 0
    result = await manager.event(type="tool_result")
    assert result["content"].startswith("42")
    assert "CANARY" not in result["content"]
    assert manager.url not in result["content"]
    [finished] = manager.find(msgType="result_success")
    assert finished["content"].startswith("The answer is 42")
    assert finished["turn"]["reason"] == "completed"
    assert manager.events[-1]["type"] == "exited"
    assert "outcome" not in manager.events[-1]
    assert manager.find(type="chat_seen") == [{**manager.find(type="chat_seen")[0], "input": 1}]
    assert (manager.applied, manager.faults) == ([1], [])
    statuses = [frame["status"] for frame in manager.transient if frame["type"] == "status"]
    assert (statuses[0], statuses[-1]) == ("thinking", "idle")
    assert any(frame["type"] == "delta" for frame in manager.transient)


@pytest.mark.parametrize("subscription", [False, True])
async def test_speaks_as_the_credential_of_the_gateway_asks(
    manager: FakeManager, runner: Runner, subscription: bool
) -> None:
    manager.session |= {"keepAliveSeconds": 0, "subscription": subscription}
    manager.chat(script("hello"))
    await runner.start()
    assert await runner.exit_code() == 0
    assert manager.find(msgType="result_success")
    assert manager.betas
    assert all(("oauth-" in betas) is subscription for betas in manager.betas)


async def test_waits_for_its_first_message(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    await runner.start()
    await manager.until(lambda: manager.registers)
    manager.chat(script("hello"))
    assert await runner.exit_code() == 0
    assert manager.find(msgType="result_success")


async def test_asks_and_is_answered(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    manager.chat(
        script(
            {"tool": "AskUserQuestion", "input": QUESTION},
            {"tool": "AskUserQuestion", "input": PLACES},
            "You said <<result>>",
        )
    )
    await runner.start()
    first = await manager.event(type="ask_user")
    assert [option["label"] for option in first["questions"][0]["options"]] == [
        "SQLite",
        "PostgreSQL",
    ]
    await manager.until(
        lambda: any(frame.get("status") == "waiting for an answer" for frame in manager.transient)
    )
    answer = {"type": "ask_user_response", "questionId": first["id"]}
    manager.give({**answer, "answers": {"Which database?": "DuckDB, I own it"}})
    second = await manager.until(lambda: manager.find(type="ask_user")[1:])
    manager.give(
        {
            "type": "ask_user_response",
            "questionId": second[0]["id"],
            "answers": {"Where?": ["SQLite", "PostgreSQL"]},
        }
    )
    assert await runner.exit_code() == 0
    results = [result["content"] for result in manager.find(type="tool_result")]
    assert "DuckDB, I own it" in results[0]
    assert "SQLite" in results[1]
    assert "PostgreSQL" in results[1]
    assert [closed["id"] for closed in manager.find(type="ask_closed")] == [
        first["id"],
        second[0]["id"],
    ]


async def test_a_message_reaches_it_in_mid_task(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    os.mkfifo(runner.work / "gate")
    manager.chat(script(bash("read x < gate; echo opened"), "Done with all."))
    await runner.start()
    await manager.event(type="tool_use")
    # A text that looks like a command of the CLI is a text.
    manager.chat("/clear is what I would say to a shell")
    await manager.until(lambda: 2 in manager.applied)
    (runner.work / "gate").write_text("go\n")
    assert await runner.exit_code() == 0
    assert [seen["input"] for seen in manager.find(type="chat_seen")] == [1, 2]
    assert len(manager.find(type="session")) == 1
    assert len(manager.find(msgType="result_success")) == 1


async def test_an_interrupt_ends_the_turn_and_drops_what_waits(
    manager: FakeManager, runner: Runner
) -> None:
    manager.chat(script(endless(runner), "never"))
    await runner.start()
    tool = await running_tool(manager, runner)
    manager.chat(script("never either"))
    manager.give({"type": "interrupt"})
    interrupted = await manager.event(msgType="result_error")
    assert interrupted["content"] == "Interrupted."
    await eventually(lambda: not alive(tool))
    manager.chat(script("still here"))
    await manager.event(msgType="result_success", content="still here")
    assert [seen["input"] for seen in manager.find(type="chat_seen")] == [1, 4]
    assert runner.process is not None
    assert runner.process.returncode is None


async def test_an_interrupt_closes_its_question(manager: FakeManager, runner: Runner) -> None:
    manager.chat(script({"tool": "AskUserQuestion", "input": QUESTION}, "never"))
    await runner.start()
    await manager.event(type="ask_user")
    manager.give({"type": "interrupt"})
    closed = await manager.event(type="ask_closed")
    assert closed["reason"] == "interrupted"
    await manager.event(msgType="result_error")


@pytest.mark.parametrize("way", ["frame", "signal", "signal to all"])
async def test_stops_at_once_in_mid_tool(manager: FakeManager, runner: Runner, way: str) -> None:
    manager.chat(script(endless(runner), "never"))
    await runner.start()
    tool = await running_tool(manager, runner)
    started = time.monotonic()
    if way == "frame":
        manager.send({"type": "close", "reason": "stopped by ada"})
    elif way == "signal":
        assert runner.process is not None
        runner.process.send_signal(signal.SIGTERM)
    else:
        # What a container's init may do: the CLI gets it at the same time.
        assert runner.process is not None
        os.killpg(runner.process.pid, signal.SIGTERM)
    assert await runner.exit_code() == 0
    assert time.monotonic() - started < 5
    assert not alive(tool)
    assert manager.events[-1]["outcome"] == "stopped"


async def test_a_stop_without_a_manager_still_ends(manager: FakeManager, runner: Runner) -> None:
    manager.acking = False
    manager.chat(script(endless(runner), "never"))
    await runner.start()
    await running_tool(manager, runner)
    started = time.monotonic()
    assert runner.process is not None
    runner.process.send_signal(signal.SIGTERM)
    assert await runner.exit_code() == 0
    assert time.monotonic() - started < 9
    kept = (runner.base / "spool" / "events.jsonl").read_text()
    assert '"outcome":"stopped"' in kept.splitlines()[-1]


async def test_a_killed_cli_is_restarted_and_goes_on(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    # The CLI itself closes the cut-off turn with an answer, which takes a step of the script.
    manager.chat(script(endless(runner), "I went on", "I went on"))
    await runner.start()
    tool = await running_tool(manager, runner)
    os.kill(runner.cli_pid(), signal.SIGKILL)
    restarted = await manager.event(kind="restarted")
    assert "exit code -9" in restarted["content"]
    assert await runner.exit_code() == 0
    assert not alive(tool)
    assert manager.find(msgType="result_success")[-1]["content"] == "I went on"
    assert {event["sessionId"] for event in manager.find(type="session")} == {SESSION_ID}


async def test_a_cli_that_dies_twice_is_given_up(manager: FakeManager, runner: Runner) -> None:
    manager.chat(script(endless(runner), *[bash(ENDLESS + " # again")] * 2))
    await runner.start()
    await running_tool(manager, runner)
    os.kill(runner.cli_pid(), signal.SIGKILL)
    await manager.until(lambda: len(manager.find(type="tool_use")) == 2)
    os.kill(runner.cli_pid(), signal.SIGKILL)
    assert await runner.exit_code() == 1
    last = manager.events[-1]
    assert (last["type"], last["outcome"]) == ("exited", "failed")
    assert "exit code -9" in last["reason"]


async def test_a_refused_turn_leaves_the_session_usable(
    manager: FakeManager, runner: Runner
) -> None:
    manager.session["keepAliveSeconds"] = None
    manager.chat(script({"text": "no", "fail": [{"status": 402, "message": "Budget used up."}]}))
    await runner.start()
    refused = await manager.event(msgType="result_error")
    assert refused["turn"]["apiStatus"] == 402
    manager.chat(script("more budget, more work"))
    await manager.event(msgType="result_success", content="more budget, more work")


async def test_ends_failed_when_its_last_turn_failed(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    manager.chat(script({"text": "no", "fail": [{"status": 402, "message": "Budget used up."}]}))
    await runner.start()
    assert await runner.exit_code() == 1
    last = manager.events[-1]
    assert last["outcome"] == "failed"
    assert "Budget used up." in last["reason"]


async def test_a_cut_link_in_mid_work_changes_nothing(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 0
    manager.chat(script(*[bash(f"echo step {n}") for n in range(12)], "done"))

    def cut(event: dict[str, Any]) -> None:
        if event["type"] == "tool_result":
            manager.cut()

    manager.on_event = cut
    await runner.start()
    assert await runner.exit_code() == 0
    contents = [result["content"] for result in manager.find(type="tool_result")]
    assert contents == [f"step {n}" for n in range(12)]
    assert len(manager.registers) > 5
    assert manager.faults == []


async def test_resumes_in_a_new_container(
    manager: FakeManager, runner: Runner, tmp_path: Path
) -> None:
    manager.session["keepAliveSeconds"] = 0
    manager.chat(script(bash("echo first life"), "remember this"))
    await runner.start()
    assert await runner.exit_code() == 0
    for fragment in manager.find(type="session_log"):
        path = fragment.get("subpath", "")
        manager.session_log[path] = manager.session_log.get(path, "") + fragment["text"]
    manager.session["resume"] = True
    (tmp_path / "new").mkdir()
    second = Runner(tmp_path / "new", manager)
    # The same place: the CLI files a session under its directory.
    second.work = runner.work
    manager.chat("what did I say?")
    try:
        await second.start()
        assert await second.exit_code() == 0
    finally:
        await second.end()
    assert {event["sessionId"] for event in manager.find(type="session")} == {SESSION_ID}
    resumed = (tmp_path / "new" / "home" / ".claude" / "projects").rglob(f"{SESSION_ID}.jsonl")
    text = next(resumed).read_text()
    assert "first life" in text
    assert "what did I say?" in text


async def test_leaves_no_process_behind(manager: FakeManager, runner: Runner) -> None:
    """A daemon that the CLI knows nothing of does not outlive its agent."""
    manager.session["keepAliveSeconds"] = 0
    daemon = "setsid sh -c 'echo $$ > pid; exec sleep 600' < /dev/null > /dev/null 2>&1 & sleep 0.2"
    manager.chat(script(bash(daemon), "done"))
    await runner.start()
    await manager.event(type="tool_result")
    pid = int(await eventually((runner.work / "pid").read_text))
    assert await runner.exit_code() == 0
    await eventually(lambda: not alive(pid))


async def test_with_direct_credentials_it_counts_itself(
    manager: FakeManager, runner: Runner
) -> None:
    manager.session["keepAliveSeconds"] = 0
    manager.chat(script("hello"))
    model_url, manager.model_url = manager.model_url, "http://127.0.0.1:9"
    await runner.start(provider={"base_url": model_url, "api_key": "providers-own"})
    assert await runner.exit_code() == 0
    [tokens] = [frame["tokens"] for frame in manager.transient if frame["type"] == "tokens"]
    assert tokens["inputTokens"] > 0
    assert tokens["costUSD"] > 0


async def test_rests_as_long_as_it_is_kept_alive(manager: FakeManager, runner: Runner) -> None:
    manager.session["keepAliveSeconds"] = 2
    manager.chat(script("one"))
    await runner.start()
    await manager.event(msgType="result_success", content="one")
    # Within its time it takes another message, and its time begins anew.
    manager.chat(script("two"))
    await manager.event(msgType="result_success", content="two")
    rested_from = time.monotonic()
    assert await runner.exit_code() == 0
    assert time.monotonic() - rested_from >= 1.9


async def test_an_agents_files_are_never_imported(manager: FakeManager, runner: Runner) -> None:
    """Libraries that the runner imports late are not looked for where the agent writes."""
    manager.session["keepAliveSeconds"] = 0
    for name in ("claude_agent_sdk", "mcp", "anyio"):
        (runner.work / f"{name}.py").write_text("open('stolen', 'w').close()\n")
    manager.chat(script("hello"))
    await runner.start()
    assert await runner.exit_code() == 0
    assert manager.find(msgType="result_success", content="hello")
    assert not (runner.work / "stolen").exists()
