"""The time, as an argument: services take a Clock so that tests can move it.

Must not be read by domain code (it gets moments).
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)
