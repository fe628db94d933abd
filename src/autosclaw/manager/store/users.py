"""People in the database.

Must not hash or check passwords.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from autosclaw.manager.store.tables import users
from autosclaw.manager.store.times import to_text
from autosclaw.protocol.people import Role


@dataclass(frozen=True, slots=True)
class UserRow:
    """One person."""

    id: str
    username: str
    password_hash: str
    role: Role
    token_version: int
    disabled: bool


_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.password_hash,
    users.c.role,
    users.c.token_version,
    users.c.disabled_at,
)


def name_key(username: str) -> str:
    """Two names with the same key are the same name."""
    return username.strip().casefold()


def add(
    tx: Connection, user_id: str, username: str, password_hash: str, role: Role, now: datetime
) -> None:
    """Raises IntegrityError when the name is taken."""
    tx.execute(
        users.insert(),
        {
            "id": user_id,
            "username": username.strip(),
            "username_key": name_key(username),
            "password_hash": password_hash,
            "role": role,
            "created_at": to_text(now),
        },
    )


def by_name(tx: Connection, username: str) -> UserRow | None:
    """One person by name, whatever its case."""
    return _one(tx, users.c.username_key == name_key(username))


def by_id(tx: Connection, user_id: str) -> UserRow | None:
    """One person by id."""
    return _one(tx, users.c.id == user_id)


def _one(tx: Connection, where: ColumnElement[bool]) -> UserRow | None:
    row = tx.execute(select(*_COLUMNS).where(where)).one_or_none()
    if row is None:
        return None
    return UserRow(row[0], row[1], row[2], Role(row[3]), row[4], row[5] is not None)


def count(tx: Connection) -> int:
    """How many people there are."""
    return int(tx.execute(select(func.count()).select_from(users)).scalar_one())
