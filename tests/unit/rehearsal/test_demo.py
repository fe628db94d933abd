"""The demo: its course, its answers, and that its project does what it claims."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autosclaw.rehearsal.conversation import Request
from autosclaw.rehearsal.demo_project import MENDED, MISTAKE, MODULE, OPTIONS, TESTS, unreadable
from autosclaw.rehearsal.scripts import Choice, choose
from autosclaw.rehearsal.stream import answer

from .bodies import AGENT_TOOLS, Json, note, request, result, user

FOLDER = "/work/durations-beef"


def played(play: Request) -> tuple[Choice, list[Json]]:
    choice = choose(play)
    ids = iter(range(1_000))
    at = len(play.turns)
    return choice, answer(play, choice, lambda prefix: f"{prefix}{at}_{next(ids)}").content


class Stage:
    """Plays the demo turn by turn as the CLI would, with a result for each call."""

    def __init__(self, tools: tuple[str, ...] = AGENT_TOOLS, reply: str | None = None) -> None:
        self.tools = tools
        self.messages: list[Json] = [user("Build me a shop")]
        self.reply = reply
        self.shown: list[Json] = []
        self.tasks = 0

    def turn(self) -> str:
        choice, content = played(request(*self.messages, tools=self.tools))
        self.shown += content
        self.messages.append({"role": "assistant", "content": content})
        calls = [block for block in content if block["type"] == "tool_use"]
        if calls:
            found = [self.result(call)["content"][0] for call in calls]
            self.messages.append({"role": "user", "content": found})
        return choice.origin

    def to_the_end(self) -> None:
        while self.messages[-1]["role"] != "assistant":
            assert len(self.messages) < 60
            assert self.turn() == "demo"

    def result(self, call: Json) -> Json:
        if call["name"] == "AskUserQuestion":
            question = call["input"]["questions"][0]["question"]
            if self.reply is None:
                return result("Nobody answered in time.", call["id"], error=True)
            text = f'Your questions have been answered: "{question}"="{self.reply}". You can.'
            return result(text, call["id"])
        if call["name"] == "TaskCreate":
            self.tasks += 1
            return result(f"Task #{self.tasks} created successfully", call["id"])
        if call["name"] == "Bash" and "mkdir" in call["input"]["command"]:
            made = re.findall(r"durations-\w+", call["input"]["command"])[0]
            return result(f"/work/{made}\nPython 3", call["id"])
        return result("fine", call["id"])

    def calls(self, name: str) -> list[dict[str, Any]]:
        return [b["input"] for b in self.shown if b["type"] == "tool_use" and b["name"] == name]

    def text(self) -> str:
        return "\n".join(block["text"] for block in self.shown if block["type"] == "text")


def test_an_ordinary_first_prompt_plays_the_demo_to_its_end() -> None:
    stage = Stage(reply="Return None")
    stage.to_the_end()
    assert "“Build me a shop”" in stage.text()
    assert "rehearsal model" in stage.text()
    assert len(stage.calls("Edit")) == 3
    assert len(stage.calls("Read")) == 2
    assert all(call["file_path"].startswith("/work/durations-") for call in stage.calls("Write"))
    assert any("git" in call["command"] for call in stage.calls("Bash"))
    assert any(block["type"] == "thinking" for block in stage.shown)
    assert "| `soon` | returns `None` |" in stage.text()
    stage.messages.append(user("and now?"))
    assert stage.turn() == "plain"


def test_the_question_keeps_to_the_tools_limits() -> None:
    stage = Stage()
    stage.to_the_end()
    (question,) = stage.calls("AskUserQuestion")[0]["questions"]
    assert len(question["header"]) <= 12
    assert 2 <= len(question["options"]) <= 4
    assert all(option["label"] and option["description"] for option in question["options"])


@pytest.mark.parametrize(
    ("reply", "words", "code"),
    [
        *((o.label, f"You chose **{o.label}**", o.code) for o in OPTIONS),
        ("ask me later", "You wrote “ask me later”", OPTIONS[0].code),
        (None, "No answer, so I assume", OPTIONS[0].code),
    ],
)
def test_it_does_what_was_answered(reply: str | None, words: str, code: str) -> None:
    stage = Stage(reply=reply)
    stage.to_the_end()
    assert words in stage.text()
    assert code in stage.calls("Edit")[1]["new_string"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.label)
def test_its_project_fails_first_and_passes_after_each_edit(option: Any, tmp_path: Path) -> None:
    module, tests = tmp_path / "durations.py", tmp_path / "test_durations.py"

    def passes() -> bool:
        command = [sys.executable, "-B", "-m", "unittest", "-q"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "Ran 0 tests" not in run.stderr
        return run.returncode == 0

    module.write_text(MODULE)
    tests.write_text(TESTS)
    assert not passes()
    code, checks = unreadable(option)
    for file, old, new in [(module, MISTAKE, MENDED), (tests, *checks)]:
        assert file.read_text().count(old) == 1
        file.write_text(file.read_text().replace(old, new))
    # Only counting as 0 is what it did before.
    assert passes() == (option.label == "Count it as 0")
    assert module.read_text().count(code[0]) == 1
    module.write_text(module.read_text().replace(*code))
    assert passes()


def test_a_plan_is_kept_with_whichever_tool_there_is() -> None:
    todo = Stage((*AGENT_TOOLS, "TodoWrite"))
    todo.to_the_end()
    states = [[t["status"] for t in call["todos"]] for call in todo.calls("TodoWrite")]
    assert states[0] == ["in_progress", "pending", "pending", "pending"]
    assert states[-1] == ["completed"] * 4
    tasks = Stage((*AGENT_TOOLS, "TaskCreate", "TaskUpdate"))
    tasks.to_the_end()
    done = [c["taskId"] for c in tasks.calls("TaskUpdate") if c["status"] == "completed"]
    assert done == ["1", "2", "3", "4"]
    assert "The plan:" not in tasks.text()
    neither = Stage()
    neither.to_the_end()
    assert "The plan:" in neither.text()


def test_a_message_midway_is_noted_and_the_demo_goes_on() -> None:
    stage = Stage()
    stage.turn()
    stage.messages.append(note("be quick"))
    stage.to_the_end()
    assert stage.text().count("Noted: “be quick”") == 1
    assert "While I worked you wrote:\n- “be quick”" in stage.text()


def test_an_interrupt_pauses_it_and_continue_plays_the_cut_step_again() -> None:
    stage = Stage()
    for _ in range(4):
        stage.turn()
    *before, cut = stage.calls("Bash")
    call = stage.messages[-2]["content"][-1]
    stopped = result("rejected", call["id"], error=True)["content"]
    words = user("[Request interrupted by user for tool use]\n", "wait")["content"]
    stage.messages[-1] = {"role": "user", "content": stopped + words}
    assert stage.turn() == "plain"
    stage.messages.append(user("why?"))
    assert stage.turn() == "plain"
    stage.messages.append(user("ok, continue"))
    assert stage.turn() == "demo"
    assert stage.calls("Bash") == [*before, cut, cut]
    stage.to_the_end()
    assert "That was the demo" in stage.text()


@pytest.mark.parametrize(("made", "again"), [(0, 1), (1, 1), (2, 0)])
def test_a_step_interrupted_while_it_was_written_is_played_again(made: int, again: int) -> None:
    stage = Stage()
    stage.turn()
    stage.turn()
    answer_, results = stage.messages[-2:]
    # The calls made before the interrupt are done, the others never came.
    answer_["content"] = answer_["content"][: 1 + made]
    words = user("[Request interrupted by user]", "continue")["content"]
    results["content"] = results["content"][:made] + words
    stage.to_the_end()
    assert len(stage.calls("Write")) == 2 + 2 * again
    assert len(stage.calls("Read")) == 2


def test_sub_agents_and_compacted_conversations_get_no_demo() -> None:
    without = tuple(tool for tool in AGENT_TOOLS if tool != "AskUserQuestion")
    assert choose(request(user("look around"), tools=without)).origin == "plain"
    resumed = user("This session is being continued from a previous conversation. It")
    assert choose(request(resumed)).origin == "plain"


def test_conversations_work_in_folders_of_their_own() -> None:
    def folder(session: str) -> str:
        _, content = played(request(user("go"), metadata={"user_id": session}))
        commands = [b["input"]["command"] for b in content if b["type"] == "tool_use"]
        return re.findall(r"durations-\w+", commands[0])[0]

    assert folder("a") == folder("a") != folder("b")
