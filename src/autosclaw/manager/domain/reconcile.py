"""What to do about one agent, from what is wanted, what is recorded and what the engine says.

Pure: facts in, an action out. A failed listing never gets here; an absent box counts only when a
listing positively lacks it. Must not act.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from autosclaw.manager.domain.boxes import Box, BoxState
from autosclaw.protocol import limits
from autosclaw.protocol.agents import ENDED, Desired, State


class Action(StrEnum):
    """One step of the supervisor."""

    NOTHING = "nothing"
    START = "start"
    STOP = "stop"
    DRAIN = "drain"
    REMOVE = "remove"
    FAIL_START = "fail_start"
    MARK_MISSING = "mark_missing"
    LOSE = "lose"
    END_STOPPED = "end_stopped"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is recorded of one agent."""

    state: State
    desired: Desired
    boot: int
    state_since: datetime
    missing_since: datetime | None
    connected: bool


_LIVE = frozenset({State.STARTING, State.RUNNING, State.WAITING, State.DISCONNECTED})


def decide(agent: Facts, box: Box | None, now: datetime) -> Action:
    """The next step for one agent. `box` None: the engine positively has none."""
    if agent.state in ENDED:
        return Action.REMOVE if box else Action.NOTHING
    if agent.desired is Desired.STOP or agent.state is State.STOPPING:
        return _stopping(box)
    if agent.state is State.REQUESTED:
        return Action.START
    if agent.state is State.CREATING:
        return _creating(agent, box, now)
    if agent.state is State.DRAINING:
        return Action.DRAIN
    if agent.state in _LIVE:
        return _live(agent, box, now)
    return Action.NOTHING


def _stopping(box: Box | None) -> Action:
    if box is None:
        return Action.END_STOPPED
    return Action.STOP if box.state is BoxState.RUNNING else Action.DRAIN


def _creating(agent: Facts, box: Box | None, now: datetime) -> Action:
    """The manager died between intent and bootstrap, or is about to: a new boot unless it runs."""
    if agent.connected:
        return Action.NOTHING
    if box is not None and box.state is BoxState.RUNNING and box.boot == agent.boot:
        return Action.FAIL_START if _too_old(agent, now) else Action.NOTHING
    return Action.START if agent.boot < limits.START_ATTEMPTS else Action.FAIL_START


def _live(agent: Facts, box: Box | None, now: datetime) -> Action:
    if box is None:
        if agent.connected:
            return Action.NOTHING
        if agent.missing_since is None:
            return Action.MARK_MISSING
        waited = (now - agent.missing_since).total_seconds()
        return Action.LOSE if waited >= limits.RECONCILE_SECONDS else Action.NOTHING
    if box.state is BoxState.EXITED:
        return Action.DRAIN
    if agent.state is State.STARTING and _too_old(agent, now):
        return Action.FAIL_START
    return Action.NOTHING


def _too_old(agent: Facts, now: datetime) -> bool:
    return (now - agent.state_since).total_seconds() > limits.START_SECONDS
