"""Times as the database and the wire hold them: ISO-8601 UTC, milliseconds, fixed width.

Must not read the clock.
"""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`2026-03-04T18:57:56.000Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """The aware UTC moment."""
    return datetime.fromisoformat(text)
