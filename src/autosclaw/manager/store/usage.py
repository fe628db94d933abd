"""Model requests as the gateway metered them: one row each.

Must not price anything.
"""

from typing import Any

from sqlalchemy import Connection, insert

from autosclaw.manager.store.tables import usage


def add(tx: Connection, values: dict[str, Any]) -> None:
    """Keep one request."""
    tx.execute(insert(usage), values)
