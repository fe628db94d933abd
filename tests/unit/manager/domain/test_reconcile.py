"""What the supervisor decides: a table, and rules that hold for every combination of facts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.domain.boxes import Box, BoxState
from autosclaw.manager.domain.reconcile import Action, Facts, decide
from autosclaw.protocol import limits
from autosclaw.protocol.agents import ENDED, Desired, State

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN, STOP = Desired.RUN, Desired.STOP
YOUNG, OLD = 1.0, limits.START_SECONDS + 1
BOXES = {
    "none": None,
    "created": Box("a", 1, BoxState.CREATED),
    "running": Box("a", 1, BoxState.RUNNING),
    "older boot": Box("a", 0, BoxState.RUNNING),
    "exited": Box("a", 1, BoxState.EXITED, 0),
}
LIVE = ("running", "waiting", "disconnected")


def facts(
    state: str,
    desired: Desired = RUN,
    *,
    age: float = YOUNG,
    boot: int = 1,
    missing: float | None = None,
    connected: bool = False,
) -> Facts:
    return Facts(
        State(state),
        desired,
        boot,
        NOW - timedelta(seconds=age),
        None if missing is None else NOW - timedelta(seconds=missing),
        connected,
    )


TABLE = [
    (facts("requested"), "none", Action.START),
    (facts("requested"), "exited", Action.START),
    (facts("requested", STOP), "none", Action.END_STOPPED),
    (facts("creating"), "none", Action.START),
    (facts("creating"), "created", Action.START),
    (facts("creating"), "older boot", Action.START),
    (facts("creating"), "exited", Action.START),
    (facts("creating"), "running", Action.NOTHING),
    (facts("creating", age=OLD), "running", Action.FAIL_START),
    (facts("creating", connected=True), "running", Action.NOTHING),
    (facts("creating", boot=limits.START_ATTEMPTS), "none", Action.FAIL_START),
    (facts("creating", boot=limits.START_ATTEMPTS - 1), "none", Action.START),
    (facts("starting"), "running", Action.NOTHING),
    (facts("starting", age=OLD), "running", Action.FAIL_START),
    (facts("starting", age=OLD), "created", Action.FAIL_START),
    (facts("starting"), "exited", Action.DRAIN),
    (facts("starting"), "none", Action.MARK_MISSING),
    *[(facts(s), "running", Action.NOTHING) for s in LIVE],
    *[(facts(s, age=OLD), "running", Action.NOTHING) for s in LIVE],
    *[(facts(s), "exited", Action.DRAIN) for s in LIVE],
    *[(facts(s), "none", Action.MARK_MISSING) for s in LIVE],
    *[(facts(s, connected=True), "none", Action.NOTHING) for s in LIVE],
    *[(facts(s, missing=29.9), "none", Action.NOTHING) for s in LIVE],
    *[(facts(s, missing=30.0), "none", Action.LOSE) for s in LIVE],
    *[(facts(s, missing=99), "running", Action.NOTHING) for s in LIVE],
    *[(facts(s, STOP), "running", Action.STOP) for s in LIVE],
    *[(facts(s, STOP), "exited", Action.DRAIN) for s in LIVE],
    *[(facts(s, STOP), "none", Action.END_STOPPED) for s in LIVE],
    (facts("draining"), "exited", Action.DRAIN),
    (facts("draining"), "none", Action.DRAIN),
    (facts("stopping", STOP), "running", Action.STOP),
    (facts("stopping", STOP), "exited", Action.DRAIN),
    (facts("stopping", STOP), "none", Action.END_STOPPED),
    *[(facts(s.value), "none", Action.NOTHING) for s in ENDED],
    *[(facts(s.value), "exited", Action.REMOVE) for s in ENDED],
]


@pytest.mark.parametrize(("agent", "box", "action"), TABLE)
def test_the_table(agent: Facts, box: str, action: Action) -> None:
    assert decide(agent, BOXES[box], NOW) is action


any_facts = st.builds(
    Facts,
    st.sampled_from(State),
    st.sampled_from(Desired),
    st.integers(0, 5),
    st.floats(0, 500).map(lambda age: NOW - timedelta(seconds=age)),
    st.none() | st.floats(0, 90).map(lambda age: NOW - timedelta(seconds=age)),
    st.booleans(),
)
any_box = st.none() | st.builds(
    Box, st.just("a"), st.integers(0, 5), st.sampled_from(BoxState), st.none() | st.just(0)
)


@given(any_facts, any_box)
def test_rules_for_every_combination(agent: Facts, box: Box | None) -> None:
    action = decide(agent, box, NOW)
    ended = agent.state in ENDED
    if ended:
        assert action in (Action.NOTHING, Action.REMOVE)
        return
    stopping = agent.desired is Desired.STOP or agent.state is State.STOPPING
    if stopping:
        assert action in (Action.STOP, Action.DRAIN, Action.END_STOPPED), "a stop is not forgotten"
    else:
        assert action is not Action.STOP, "nobody asked for it"
    if action is Action.START:
        assert agent.state in (State.REQUESTED, State.CREATING)
        assert not (
            box
            and box.state is BoxState.RUNNING
            and box.boot == agent.boot
            and agent.state is State.CREATING
        ), "it runs already"
    if action is Action.LOSE:
        assert box is None
        assert not agent.connected
        assert agent.missing_since is not None
        assert (NOW - agent.missing_since).total_seconds() >= 30
    if box is not None and box.state is BoxState.RUNNING:
        assert action not in (Action.DRAIN, Action.REMOVE, Action.END_STOPPED), "it still runs"
