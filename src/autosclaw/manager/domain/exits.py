"""How an agent ended, from its own last word and what the engine says.

Pure; must not act.
"""

from dataclasses import dataclass

from autosclaw.manager.domain.boxes import Box
from autosclaw.protocol.agents import Desired, State

_KILLED = 137


@dataclass(frozen=True, slots=True)
class Ending:
    """The terminal state and one sentence for people."""

    state: State
    reason: str


def judge(
    state: State, desired: Desired, outcome: str | None, reason: str | None, box: Box | None
) -> Ending:
    """`outcome` and `reason` are the runner's last word, if it could say one.

    For an agent that was to stop, `reason` says by whom.
    """
    stopping = desired is Desired.STOP or state is State.STOPPING
    if stopping:
        return Ending(State.STOPPED, reason or "Stopped.")
    # The engine's mark also stands when a command alone ate too much and the runner lived on.
    if box is not None and box.oom_killed and box.exit_code != 0:
        return Ending(State.FAILED, "Its container was killed: out of memory.")
    if outcome == "completed":
        return Ending(State.COMPLETED, reason or "Finished.")
    if outcome == "stopped":
        return Ending(State.FAILED, reason or "It was stopped from outside.")
    if outcome == "failed":
        return Ending(State.FAILED, reason or "It failed.")
    return Ending(State.FAILED, _from_code(box))


def _from_code(box: Box | None) -> str:
    if box is None or box.exit_code is None:
        return "It ended without a word."
    if box.exit_code == _KILLED:
        return "Its container was killed (signal 9)."
    return f"It ended without a word (exit code {box.exit_code})."
