"""Small facts the installation keeps about itself, by key.

Must not hold secrets (they are files, see `manager.keys`).
"""

from sqlalchemy import Connection, select

from autosclaw.manager.store.tables import config


def get(tx: Connection, key: str) -> str | None:
    """The value, or None."""
    return tx.execute(select(config.c.value).where(config.c.key == key)).scalar_one_or_none()


def setdefault(tx: Connection, key: str, value: str) -> str:
    """The value that is there, or `value`, kept from now on."""
    found = get(tx, key)
    if found is not None:
        return found
    tx.execute(config.insert(), {"key": key, "value": value})
    return value
