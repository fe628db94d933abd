"""How an agent ended, from its last word and the engine's."""

import pytest

from autosclaw.manager.domain.boxes import Box, BoxState
from autosclaw.manager.domain.exits import judge
from autosclaw.protocol.agents import Desired, State

RUN, STOP = Desired.RUN, Desired.STOP


def box(code: int | None, *, oom: bool = False) -> Box:
    return Box("a", 1, BoxState.EXITED, code, oom)


@pytest.mark.parametrize(
    ("desired", "outcome", "reason", "seen", "state", "words"),
    [
        (RUN, "completed", "Did it.", box(0), State.COMPLETED, "Did it."),
        (RUN, "completed", None, box(0), State.COMPLETED, "Finished."),
        (RUN, "completed", "Did it.", None, State.COMPLETED, "Did it."),
        (RUN, "failed", "No credit.", box(1), State.FAILED, "No credit."),
        (RUN, "failed", None, box(1), State.FAILED, "It failed."),
        (RUN, "stopped", None, box(143), State.FAILED, "from outside"),
        (RUN, None, None, box(3), State.FAILED, "exit code 3"),
        (RUN, None, None, box(0), State.FAILED, "exit code 0"),
        (RUN, None, None, box(137), State.FAILED, "signal 9"),
        (RUN, None, None, None, State.FAILED, "without a word"),
        (RUN, None, None, box(137, oom=True), State.FAILED, "out of memory"),
        (RUN, "completed", "Did it.", box(137, oom=True), State.FAILED, "out of memory"),
        (STOP, None, "Stopped by admin.", box(137), State.STOPPED, "Stopped by admin."),
        (STOP, "completed", "Stopped by admin.", box(0), State.STOPPED, "Stopped by admin."),
        (STOP, None, None, None, State.STOPPED, "Stopped."),
        (STOP, "failed", None, box(137, oom=True), State.STOPPED, "Stopped."),
    ],
)
def test_endings(
    desired: Desired,
    outcome: str | None,
    reason: str | None,
    seen: Box | None,
    state: State,
    words: str,
) -> None:
    ending = judge(State.DRAINING, desired, outcome, reason, seen)
    assert ending.state is state
    assert words in ending.reason
    assert ending.reason.endswith(".")


def test_a_stopping_agent_was_stopped_whatever_was_desired() -> None:
    assert judge(State.STOPPING, RUN, "completed", None, box(0)).state is State.STOPPED
