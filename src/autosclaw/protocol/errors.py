"""The errors every door can answer with: a code, and a sentence for a human.

Must not know HTTP or sockets; `manager.web.errors` maps codes to statuses.
"""

from enum import StrEnum


class Code(StrEnum):
    """What went wrong, as every door understands it."""

    BAD_INPUT = "bad_input"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """A refusal with a sentence a person can act on; never shown with a stack trace."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def bad_input(message: str) -> DomainError:
    """The input breaks a rule; the sentence names the field and the limit."""
    return DomainError(Code.BAD_INPUT, message)


def forbidden(message: str) -> DomainError:
    """The actor may not do this."""
    return DomainError(Code.FORBIDDEN, message)


def not_found(message: str) -> DomainError:
    """There is no such thing, or the actor may not see it."""
    return DomainError(Code.NOT_FOUND, message)


def conflict(message: str) -> DomainError:
    """The thing is in a state that does not allow this."""
    return DomainError(Code.CONFLICT, message)


def unavailable(message: str) -> DomainError:
    """Something this depends on does not answer; trying again later may work."""
    return DomainError(Code.UNAVAILABLE, message)
