"""Times as the database and the wire hold them: ISO-8601 UTC, milliseconds, fixed width.

Must not read the clock.
"""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`2026-03-04T18:57:56.000Z`."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )


def from_text(text: str) -> datetime:
    """The aware UTC moment."""
    return datetime.fromisoformat(text)
