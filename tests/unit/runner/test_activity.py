"""When an agent is at rest, and when it only seems so."""

from typing import Any

import pytest

from autosclaw.runner import frames
from autosclaw.runner.activity import Activity
from autosclaw.runner.conversation import message_uuid


def tell(activity: Activity, **raw: Any) -> None:
    frame = frames.read(raw)
    assert frame is not None
    activity.observe(frame)


def state(activity: Activity, now: str) -> None:
    tell(activity, type="system", subtype="session_state_changed", state=now)


def turn(activity: Activity, message_id: str = "a", **result: Any) -> None:
    """One message from being sent to being idle again."""
    activity.sent(message_id, 1)
    state(activity, "running")
    tell(activity, type="user", uuid=message_id, message={"content": "text"})
    tell(activity, type="result", **result)
    state(activity, "idle")


def test_nothing_to_do_yet_is_not_rest() -> None:
    activity = Activity()
    assert (activity.at_rest, activity.status) == (False, "idle")
    state(activity, "idle")
    assert not activity.at_rest


def test_rests_after_a_turn() -> None:
    activity = Activity()
    turn(activity)
    assert activity.at_rest


def test_a_result_alone_is_not_rest() -> None:
    activity = Activity()
    activity.sent("a", 1)
    state(activity, "running")
    tell(activity, type="user", uuid="a", message={"content": "text"})
    tell(activity, type="result")
    assert (activity.at_rest, activity.status) == (False, "thinking")
    state(activity, "idle")
    assert activity.at_rest


def test_a_message_on_its_way_is_not_rest() -> None:
    activity = Activity()
    turn(activity)
    activity.sent("b", 2)
    # The CLI has not read it yet and says idle for the turn before.
    state(activity, "idle")
    assert not activity.at_rest
    turn(activity, "b")
    assert activity.at_rest


def test_a_withdrawn_first_message_lets_it_rest() -> None:
    activity = Activity()
    activity.sent("a", 1)
    activity.cancelled(["a", "unknown"])
    state(activity, "idle")
    assert activity.at_rest


def test_background_tasks_keep_it_up() -> None:
    activity = Activity()
    turn(activity)
    tell(activity, type="system", subtype="background_tasks_changed", tasks=[{"task_id": "t"}])
    assert not activity.at_rest
    tell(activity, type="system", subtype="background_tasks_changed", tasks=[])
    assert activity.at_rest


def test_open_questions_keep_it_up() -> None:
    activity = Activity()
    turn(activity)
    activity.open_questions = 1
    assert (activity.at_rest, activity.status) == (False, "waiting for an answer")
    activity.open_questions = 0
    state(activity, "requires_action")
    assert activity.status == "waiting for an answer"


def test_only_the_last_turn_decides_on_failure() -> None:
    activity = Activity()
    turn(activity, is_error=True, subtype="success", result="API Error: 402")
    assert activity.failure == "API Error: 402"
    turn(activity, "b")
    assert activity.failure is None
    turn(activity, "c", is_error=True, terminal_reason="aborted_tools", errors=["x"])
    assert activity.failure is None


def test_a_dead_cli_has_nothing_in_the_background() -> None:
    activity = Activity()
    activity.sent("a", 1)
    state(activity, "running")
    tell(activity, type="system", subtype="background_tasks_changed", tasks=[{"task_id": "t"}])
    activity.cli_ended()
    assert activity.status == "idle"
    # What was not seen is still owed.
    assert (activity.unseen, activity.at_rest) == ({"a": 1}, False)


@pytest.mark.parametrize("given", ["6f2d3bb2-8c43-4a53-9d75-2b36f2a1c001", "task-17", None])
def test_a_message_has_one_uuid(given: str | None) -> None:
    first, again = message_uuid(given, "agent-1"), message_uuid(given, "agent-1")
    assert len(first) == 36
    assert (first == again) is (given is not None)
    if given is not None:
        assert (first == given) is (given.count("-") == 4)
        assert given.count("-") == 4 or first != message_uuid(given, "agent-2")
