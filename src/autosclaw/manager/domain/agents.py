"""An agent's life: the one table of transitions, and who may cause each.

Must not write anything; `services.life` applies a transition by compare-and-swap.
"""

from enum import StrEnum

from autosclaw.protocol.agents import State

S = State


class Cause(StrEnum):
    """Who or what moves an agent on."""

    PERSON = "person"
    AGENT = "agent"
    SCHEDULE = "schedule"
    SELF = "self"
    ENGINE = "engine"
    RECONCILER = "reconciler"
    BUDGET = "budget"
    SHUTDOWN = "shutdown"


_STOPPERS = frozenset({Cause.PERSON, Cause.AGENT, Cause.BUDGET, Cause.SHUTDOWN})
_RECONCILER = frozenset({Cause.RECONCILER})
_SELF = frozenset({Cause.SELF})
_EVIDENCE = frozenset({Cause.ENGINE, Cause.RECONCILER})

TRANSITIONS: dict[tuple[State, State], frozenset[Cause]] = {
    (S.REQUESTED, S.CREATING): _RECONCILER,
    (S.REQUESTED, S.STOPPING): _STOPPERS,
    (S.REQUESTED, S.FAILED): _RECONCILER,
    (S.CREATING, S.CREATING): _RECONCILER,
    (S.CREATING, S.STARTING): _RECONCILER,
    (S.CREATING, S.RUNNING): _SELF,
    (S.CREATING, S.FAILED): _RECONCILER,
    (S.CREATING, S.STOPPING): _STOPPERS,
    (S.STARTING, S.RUNNING): _SELF,
    (S.STARTING, S.DRAINING): _EVIDENCE,
    (S.STARTING, S.FAILED): _EVIDENCE,
    (S.STARTING, S.LOST): _RECONCILER,
    (S.STARTING, S.STOPPING): _STOPPERS,
    (S.RUNNING, S.WAITING): _SELF,
    (S.RUNNING, S.DISCONNECTED): _SELF | _RECONCILER,
    (S.RUNNING, S.DRAINING): _EVIDENCE,
    (S.RUNNING, S.LOST): _RECONCILER,
    (S.RUNNING, S.STOPPING): _STOPPERS,
    (S.WAITING, S.RUNNING): _SELF | {Cause.PERSON, Cause.RECONCILER},
    (S.WAITING, S.DISCONNECTED): _SELF | _RECONCILER,
    (S.WAITING, S.DRAINING): _EVIDENCE,
    (S.WAITING, S.LOST): _RECONCILER,
    (S.WAITING, S.STOPPING): _STOPPERS,
    (S.DISCONNECTED, S.RUNNING): _SELF,
    (S.DISCONNECTED, S.WAITING): _SELF,
    (S.DISCONNECTED, S.DRAINING): _EVIDENCE,
    (S.DISCONNECTED, S.LOST): _RECONCILER,
    (S.DISCONNECTED, S.STOPPING): _STOPPERS,
    (S.DRAINING, S.COMPLETED): _RECONCILER,
    (S.DRAINING, S.FAILED): _RECONCILER,
    (S.DRAINING, S.STOPPED): _RECONCILER,
    (S.DRAINING, S.STOPPING): _STOPPERS,
    (S.STOPPING, S.STOPPED): _RECONCILER,
    (S.STOPPING, S.COMPLETED): _RECONCILER,
    (S.STOPPING, S.FAILED): _RECONCILER,
    (S.COMPLETED, S.ARCHIVED): frozenset({Cause.PERSON, Cause.RECONCILER}),
    (S.FAILED, S.ARCHIVED): frozenset({Cause.PERSON, Cause.RECONCILER}),
    (S.LOST, S.ARCHIVED): frozenset({Cause.PERSON, Cause.RECONCILER}),
    (S.STOPPED, S.ARCHIVED): frozenset({Cause.PERSON, Cause.RECONCILER}),
}

CONNECTABLE = frozenset({S.CREATING, S.STARTING, S.RUNNING, S.WAITING, S.DISCONNECTED})
"""States in which an agent's socket moves it to running (or waiting)."""

LINKABLE = CONNECTABLE | {S.STOPPING, S.DRAINING}
"""States in which an agent's socket is still accepted: its tail is wanted while it stops."""


def allowed(old: State, new: State, cause: Cause) -> bool:
    """May `cause` move an agent from `old` to `new`?"""
    return cause in TRANSITIONS.get((old, new), frozenset())


def sources(new: State, cause: Cause) -> frozenset[State]:
    """Every state from which `cause` may move an agent to `new`."""
    return frozenset(a for (a, b), causes in TRANSITIONS.items() if b is new and cause in causes)
