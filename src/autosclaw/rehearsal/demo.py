"""The demo: what an agent on the rehearsal model does with an ordinary first prompt.

It must not need more than bash, python3 and git, touch anything outside the folder it
makes, or start other agents.

It builds a small module with a mistake in it, meets the mistake in its test, mends it,
asks the person how to go on, does what was answered, and commits: a good minute at its
natural pace. What it builds is in ``demo_project``.
"""

import re
import shlex
from dataclasses import dataclass

from autosclaw.rehearsal.conversation import Call
from autosclaw.rehearsal.demo_project import (
    MENDED,
    MISTAKE,
    MODULE,
    OPTIONS,
    QUESTION,
    TESTS,
    Option,
    option_for,
    unreadable,
)
from autosclaw.rehearsal.limits import MAX_ECHO_CHARS
from autosclaw.rehearsal.steps import Block, Step

NEEDED = frozenset({"Bash", "Write", "Edit", "Read", "AskUserQuestion"})
PLANNERS = frozenset({"TaskUpdate", "TodoWrite"})
PACE = 40
DELAY_SECONDS = 0.8
RUN_TESTS = "python3 -B -m unittest -v"
BRANCH = "add-durations"
ANSWER = re.compile(r'"="(.*?)"(?=[.,]|\s|$)', re.DOTALL)
TASK = re.compile(r"#(\d+)")
PLAN = (
    ("Write the module and its tests", "Writing the module"),
    ("Run the tests and mend what fails", "Running the tests"),
    ("Settle what happens to unreadable input", "Settling unreadable input"),
    ("Commit on a branch", "Committing"),
)


@dataclass(frozen=True)
class Scene:
    """What the demo knows of its conversation so far."""

    prompt: str
    name: str
    """The folder's name, the same through the whole conversation."""
    tools: frozenset[str]
    calls: tuple[Call, ...]
    """Every call so far, oldest first."""
    noted: tuple[str, ...]
    """What people said while the demo ran."""
    heard: tuple[str, ...]
    """The part of it that is new."""

    @property
    def folder(self) -> str:
        """The folder's full path as the shell reported it, else its bare name."""
        for call in self.calls:
            if call.name == "Bash" and not call.is_error:
                path = call.result.partition("\n")[0].strip()
                return path if path.endswith(self.name) else self.name
        return self.name

    @property
    def answer(self) -> str | None:
        """What the person chose or wrote; None when the question was not answered."""
        for call in self.calls:
            if call.name == "AskUserQuestion" and not call.is_error:
                found = ANSWER.search(call.result)
                return found.group(1) if found else None
        return None

    @property
    def option(self) -> Option:
        """What is done about unreadable input: as answered, else the first option."""
        return option_for(self.answer or "") or OPTIONS[0]


def step(turn: int, scene: Scene) -> Step | None:
    """The demo's step of a turn, from 0; None when it is over."""
    planned = bool(PLANNERS & scene.tools)
    beats = [beat for beat in BEATS if planned or beat is not _finish]
    if turn >= len(beats):
        return None
    noted: list[str | Block] = [f"Noted: {quoted(text)}. I go on." for text in scene.heard[-3:]]
    return Step(blocks=[*noted, *beats[turn](scene)], pace=PACE, delay=DELAY_SECONDS)


def quoted(text: str) -> str:
    """A person's words on one line, cut at a length fit for repeating."""
    line = " ".join(text.split())
    return f"“{line[:MAX_ECHO_CHARS]}{'…' if len(line) > MAX_ECHO_CHARS else ''}”"


def _begin(scene: Scene) -> list[Block]:
    entries = "".join(f"\n{n}. {subject}" for n, (subject, _) in enumerate(PLAN, 1))
    plan = "" if PLANNERS & scene.tools else f"\n\nThe plan:\n{entries}"
    return [
        Block(
            think="No model stands behind me, so I cannot do what was asked. I can show how "
            "an agent works instead: something small, in a folder of its own, that goes wrong "
            "once on the way."
        ),
        Block(
            text=f"You asked: {quoted(scene.prompt)}\n\nI am the **rehearsal model**: I play "
            "scripts and do not think, so nobody is billed. Instead of your task you will see "
            "how an agent works. I write a module that reads durations such as `1h 30m`, test "
            f"it, mend it and commit it.{plan}"
        ),
        _shell(
            f"mkdir -p {scene.name} && cd {scene.name} && pwd && python3 --version "
            "&& git --version",
            "Make a folder and see what is installed",
        ),
        *_plan(scene),
    ]


def _write(scene: Scene) -> list[Block]:
    return [
        Block(text="Python and git are there. First the module, then tests for it."),
        _file(scene, "durations.py", MODULE),
        _file(scene, "test_durations.py", TESTS),
    ]


def _read(scene: Scene) -> list[Block]:
    return [
        Block(text="Let me see what is on disk before I trust it."),
        _shell(f"cd {shlex.quote(scene.folder)} && wc -l *.py", "Count the lines"),
        _tool("Read", file_path=f"{scene.folder}/durations.py"),
        _tool("Read", file_path=f"{scene.folder}/test_durations.py"),
        *_progress(scene, done=0),
    ]


def _first_run(scene: Scene) -> list[Block]:
    return [Block(text="Both files are in place. Now the tests."), _run_tests(scene)]


def _mend(scene: Scene) -> list[Block]:
    return [
        Block(
            think="3600 instead of 5400: the hour was read, the 30 minutes were not. "
            r"The pattern takes a single digit, `(\d)`, so of `30m` it sees `0m`. "
            "It needs one digit or more."
        ),
        Block(
            text="One test fails: `1h 30m` gives 3600 seconds, so half an hour is lost. The "
            r"pattern reads a single digit; `(\d+)` reads them all."
        ),
        _edit(scene, "durations.py", MISTAKE, MENDED),
    ]


def _second_run(scene: Scene) -> list[Block]:
    return [Block(text="Once more:"), _run_tests(scene)]


def _ask(scene: Scene) -> list[Block]:
    options = [{"label": o.label, "description": o.description} for o in OPTIONS]
    question = {
        "question": QUESTION,
        "header": "Bad input",
        "multiSelect": False,
        "options": options,
    }
    return [
        Block(
            text="All green. One thing is yours to decide: nothing says yet what happens to "
            "text that is no duration at all. Today it silently counts as 0."
        ),
        *_progress(scene, done=1),
        _tool("AskUserQuestion", questions=[question]),
    ]


def _react(scene: Scene) -> list[Block]:
    code, test = unreadable(scene.option)
    return [
        Block(text=_reaction(scene)),
        _edit(scene, "durations.py", *code),
        _edit(scene, "test_durations.py", *test),
    ]


def _reaction(scene: Scene) -> str:
    option = scene.option
    if scene.answer is None:
        return f"No answer, so I assume the safest: unreadable text {option.rule}."
    if option_for(scene.answer) is None:
        return (
            f"You wrote {quoted(scene.answer)}. I can only play what I was given, so I take "
            f"the nearest I have: unreadable text {option.rule}."
        )
    return f"You chose **{option.label}**: unreadable text {option.rule}, with a test for it."


def _third_run(scene: Scene) -> list[Block]:
    return [Block(text="The tests again, now with the new one:"), _run_tests(scene)]


def _commit(scene: Scene) -> list[Block]:
    identity = "-c user.name=rehearsal -c user.email=rehearsal@localhost"
    return [
        Block(text=f"All three pass. I commit on a branch, `{BRANCH}`, and leave `main` alone."),
        _shell(
            f"cd {shlex.quote(scene.folder)} && git init -q -b main"
            f" && git {identity} commit -q --allow-empty -m 'Start'"
            f" && git switch -q -c {BRANCH} && git add durations.py test_durations.py"
            f" && git {identity} commit -q -m 'Read durations such as 1h 30m'"
            " && git log --oneline --stat",
            "Commit on a branch",
        ),
        *_progress(scene, done=2),
    ]


def _finish(scene: Scene) -> list[Block]:
    return [Block(text="Committed. The plan is done."), *_progress(scene, done=3)]


def _summary(scene: Scene) -> list[Block]:
    noted = "".join(f"\n- {quoted(text)}" for text in scene.noted[-5:])
    heard = (
        f"\n\nWhile I worked you wrote:{noted}\n\nA real model would act on it." if noted else ""
    )
    return [
        Block(
            text=f"""## Durations are read

| Text | Seconds |
|---|---:|
| `90` | 90 |
| `1h 30m` | 5,400 |
| `2d` | 172,800 |
| `soon` | {scene.option.rule} |

The tests found one mistake, a pattern that read a single digit; it is mended. Use it so:

```python
from durations import parse

parse("1h 30m")  # 5400
```

The work is on branch `{BRANCH}` in `{scene.folder}`; `main` is untouched.{heard}

That was the demo. Send `SCRIPT:[…]` to direct me yourself."""
        )
    ]


BEATS = (
    _begin, _write, _read, _first_run, _mend, _second_run, _ask, _react, _third_run, _commit,
    _finish, _summary,
)  # fmt: skip


def _plan(scene: Scene) -> list[Block]:
    if "TaskCreate" in scene.tools:
        return [
            _tool("TaskCreate", subject=subject, description=subject, activeForm=doing)
            for subject, doing in PLAN
        ]
    return _todos(scene, current=0)


def _progress(scene: Scene, done: int) -> list[Block]:
    """Ticks off one entry of the plan and starts the next, with whichever tool there is."""
    if "TaskUpdate" not in scene.tools:
        return _todos(scene, current=done + 1)
    made = [call for call in scene.calls if call.name == "TaskCreate" and not call.is_error]
    ids = [found.group(1) for call in made if (found := TASK.search(call.result))]
    states = ((done, "completed"), (done + 1, "in_progress"))
    return [_tool("TaskUpdate", taskId=ids[n], status=s) for n, s in states if n < len(ids)]


def _todos(scene: Scene, current: int) -> list[Block]:
    if "TodoWrite" not in scene.tools:
        return []
    states = ["completed"] * current + ["in_progress"] + ["pending"] * len(PLAN)
    todos = [
        {"content": subject, "activeForm": doing, "status": state}
        for (subject, doing), state in zip(PLAN, states, strict=False)
    ]
    return [_tool("TodoWrite", todos=todos)]


def _run_tests(scene: Scene) -> Block:
    return _shell(f"cd {shlex.quote(scene.folder)} && {RUN_TESTS}", "Run the tests")


def _shell(command: str, description: str) -> Block:
    return _tool("Bash", command=command, description=description)


def _file(scene: Scene, name: str, content: str) -> Block:
    return _tool("Write", file_path=f"{scene.folder}/{name}", content=content)


def _edit(scene: Scene, name: str, old: str, new: str) -> Block:
    return _tool("Edit", file_path=f"{scene.folder}/{name}", old_string=old, new_string=new)


def _tool(name: str, **given: object) -> Block:
    return Block(tool=name, input=given)
