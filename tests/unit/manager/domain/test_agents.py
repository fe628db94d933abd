"""The table of an agent's life: every arrow of the design and no other."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.domain.agents import (
    CONNECTABLE,
    LINKABLE,
    TRANSITIONS,
    Cause,
    allowed,
    sources,
)
from autosclaw.protocol.agents import ENDED, PUBLIC_STATUS, State, Status

NOW = datetime(2026, 3, 4, tzinfo=UTC)
STOPPERS = "person agent budget shutdown"
ARROWS = f"""
requested > creating: reconciler
requested > failed: reconciler
requested > stopping: {STOPPERS}
creating > creating: reconciler
creating > starting: reconciler
creating > running: self
creating > failed: reconciler
creating > stopping: {STOPPERS}
starting > running: self
starting > draining: engine reconciler
starting > failed: engine reconciler
starting > lost: reconciler
starting > stopping: {STOPPERS}
running > waiting: self
running > disconnected: self reconciler
running > draining: engine reconciler
running > lost: reconciler
running > stopping: {STOPPERS}
waiting > running: self person reconciler
waiting > disconnected: self reconciler
waiting > draining: engine reconciler
waiting > lost: reconciler
waiting > stopping: {STOPPERS}
disconnected > running: self
disconnected > waiting: self
disconnected > draining: engine reconciler
disconnected > lost: reconciler
disconnected > stopping: {STOPPERS}
draining > completed: reconciler
draining > failed: reconciler
draining > stopped: reconciler
draining > stopping: {STOPPERS}
stopping > stopped: reconciler
stopping > completed: reconciler
stopping > failed: reconciler
completed > archived: person reconciler
failed > archived: person reconciler
lost > archived: person reconciler
stopped > archived: person reconciler
"""


def expected() -> dict[tuple[State, State], frozenset[Cause]]:
    found = {}
    for line in ARROWS.strip().splitlines():
        arrow, _, causes = line.partition(": ")
        old, new = arrow.split(" > ")
        found[State(old), State(new)] = frozenset(Cause(cause) for cause in causes.split())
    return found


def test_every_arrow_of_the_design_and_no_other() -> None:
    assert expected() == TRANSITIONS


@pytest.mark.parametrize("old", State)
@pytest.mark.parametrize("new", State)
def test_allowed_and_sources_say_what_the_table_says(old: State, new: State) -> None:
    for cause in Cause:
        told = cause in expected().get((old, new), ())
        assert allowed(old, new, cause) is told
        assert (old in sources(new, cause)) is told


def test_every_state_is_reached_and_every_state_ends() -> None:
    reached = {State.REQUESTED}
    while more := {new for old, new in TRANSITIONS if old in reached} - reached:
        reached |= more
    assert reached == set(State)
    for state in State:
        ends, seen = False, {state}
        while more := {new for old, new in TRANSITIONS if old in seen} - seen:
            seen |= more
        ends = bool(seen & ENDED)
        assert ends, state


@given(st.lists(st.tuples(st.sampled_from(State), st.sampled_from(Cause)), max_size=60))
def test_whatever_happens_an_end_is_an_end(steps: list[tuple[State, Cause]]) -> None:
    state = State.REQUESTED
    for new, cause in steps:
        before = state
        if allowed(state, new, cause):
            state = new
        if before in ENDED:
            assert state in {before, State.ARCHIVED}
        if before is State.STOPPING:
            assert state is State.STOPPING or state in ENDED
        assert PUBLIC_STATUS[state] in Status


def test_an_agent_never_stops_or_ends_itself() -> None:
    for new in (State.STOPPING, *ENDED):
        assert not sources(new, Cause.SELF)


def test_sockets_are_for_the_living() -> None:
    assert not LINKABLE & ENDED
    assert {State.STOPPING, State.DRAINING} == LINKABLE - CONNECTABLE
    assert {PUBLIC_STATUS[s] for s in ENDED} == {Status.STOPPED, Status.DELETED}
    for state in CONNECTABLE - {State.RUNNING}:
        assert allowed(state, State.RUNNING, Cause.SELF)
