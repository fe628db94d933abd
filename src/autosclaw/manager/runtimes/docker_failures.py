"""What an engine's error answer means: one of the three kinds a runtime may raise.

Pure; must not talk to an engine nor decide what to do about a failure.
"""

from autosclaw.manager.runtimes.base import RuntimeGone, RuntimeRejected, RuntimeUnavailable

MESSAGE_CHARS = 400


class EngineError(Exception):
    """An answer with an HTTP status of 400 or more, as the engine gave it."""

    def __init__(self, action: str, status: int, message: str) -> None:
        super().__init__(f"{action}: {status} {message}")
        self.action = action
        self.status = status
        self.message = message[:MESSAGE_CHARS]

    @property
    def gone(self) -> bool:
        """The container itself is missing (and not its image, network or a file in it).

        Podman says it with 500 when the container vanishes while it looks.
        """
        text = self.message.lower()
        return self.status in (404, 500) and (
            "no such container" in text or "no container with" in text
        )

    @property
    def conflict(self) -> bool:
        """The name or the state is taken: 409, or 500 from Podman, which says it in words."""
        return self.status == 409 or (self.status == 500 and "already in use" in self.message)


# Engines answer 500 to requests that can never succeed, too: these say so by their words.
_FINAL = (
    "has active endpoints",
    "network is being used",
    "no such image",
    "image not known",
    "unknown runtime",
    "invalid runtime",
    "executable file not found",
    "exec format error",
    "permission denied",
    "operation not permitted",
    "error setting rlimit",
    "invalid mount option",
    "unsupported",
    "not supported",
)
# Refusals with a 4xx status that pass by themselves.
_PASSING = ("network", "is not running", "already in progress")


def classify(error: EngineError) -> Exception:
    """The exception to raise for an engine's answer, with the engine's own words in it.

    RuntimeGone: the container is positively not there. RuntimeRejected: asking again is useless.
    RuntimeUnavailable: everything else, full disks and internal errors among them.
    """
    sentence = f"the engine could not {error.action}: {error.message or error.status}"
    text = error.message.lower()
    if error.gone:
        return RuntimeGone(sentence)
    if any(words in text for words in _FINAL):
        return RuntimeRejected(sentence)
    if error.status >= 500 or error.status in (408, 425, 429):
        return RuntimeUnavailable(sentence)
    if error.status in (404, 409) and any(words in text for words in _PASSING):
        return RuntimeUnavailable(sentence)
    return RuntimeRejected(sentence)
