"""Follows what the session is doing, to say when it is really at rest.

PURE: it is told facts and answers questions; it must not start or stop anything.

A result does not mean idle: queued messages and background tasks wake the session again.
"""

from autosclaw.runner import frames
from autosclaw.runner.translate import interrupted, result_reason


class Activity:
    """What is known of one agent's work."""

    def __init__(self) -> None:
        self.state = "idle"
        # Messages the model has not taken in: UUID → input number.
        self.unseen: dict[str, int] = {}
        self.open_questions = 0
        self._background: frozenset[str] = frozenset()
        self._turn_open = False
        self._worked = False
        # The failure of the last turn, while nothing came after it.
        self.failure: str | None = None

    @property
    def at_rest(self) -> bool:
        """There was work, and nothing runs, waits or is owed."""
        return (
            self._worked
            and not self._turn_open
            and self.state == "idle"
            and not self.unseen
            and not self._background
            and not self.open_questions
        )

    @property
    def status(self) -> str:
        """What a person is told."""
        if self.open_questions or self.state == "requires_action":
            return "waiting for an answer"
        return "thinking" if self.state == "running" else "idle"

    def sent(self, message_id: str, number: int) -> None:
        """A message was handed to the CLI."""
        self.unseen[message_id] = number
        self._turn_open = True

    def cancelled(self, message_ids: list[str]) -> None:
        """Queued messages were withdrawn."""
        for message_id in message_ids:
            self.unseen.pop(message_id, None)

    def cli_ended(self) -> None:
        """The CLI's process is gone, and what it had in the background with it."""
        self.state = "idle"
        self._background = frozenset()

    def observe(self, frame: frames.Frame) -> None:
        """Take in one line of the CLI, after it was translated."""
        match frame:
            case frames.User(uuid=str(message_id)):
                self.unseen.pop(message_id, None)
            case frames.CommandLifecycle(command_uuid=message_id, state="cancelled" | "completed"):
                self.unseen.pop(message_id, None)
            case frames.System(subtype="session_state_changed", state=str(state)):
                self._change(state)
            case frames.System(subtype="background_tasks_changed"):
                self._background = frozenset(task.task_id for task in frame.tasks or [])
            case frames.Result():
                self._ended(frame)
            case _:
                pass

    def _change(self, state: str) -> None:
        self.state = state
        if state == "idle" and not self.unseen:
            # Also where no result came: what was sent may have been withdrawn.
            self._worked |= self._turn_open
            self._turn_open = False
        elif state == "running":
            self._turn_open = True

    def _ended(self, result: frames.Result) -> None:
        self._worked = True
        self._turn_open = False
        for message_id in result.user_message_uuids or []:
            self.unseen.pop(message_id, None)
        failed = result.is_error and not interrupted(result)
        self.failure = result_reason(result) if failed else None
