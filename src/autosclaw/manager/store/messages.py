"""Transcripts in the database: append and page. Events go in and out as the bytes they are.

Must not number events; the transcript's owner does (`services.transcripts`).
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select

from autosclaw.manager.store.tables import messages, session_log

# Rows a statement: one step of SQLite lets go of the interpreter once, however many rows it adds.
_ROWS_AT_ONCE = (64, 8, 1)


class MessageRow(NamedTuple):
    """One event: its number, its number at the runner (None: the manager's own), its JSON."""

    seq: int
    source_seq: int | None
    type: str
    event: str
    created_at: str


class SessionLogRow(NamedTuple):
    """One fragment of the CLI's own log."""

    source_seq: int
    subpath: str
    text: str


def append(tx: Connection, agent_id: str, rows: Sequence[MessageRow]) -> None:
    """Raises IntegrityError when a number is taken."""
    if tx.dialect.name == "sqlite":
        _append_sqlite(tx, agent_id, rows)
    elif rows:
        columns = ("seq", "source_seq", "type", "metadata", "created_at")
        values = [{"agent_id": agent_id, **dict(zip(columns, row, strict=True))} for row in rows]
        tx.execute(insert(messages), values)


def _append_sqlite(tx: Connection, agent_id: str, rows: Sequence[MessageRow]) -> None:
    start = 0
    for size in _ROWS_AT_ONCE:
        while len(rows) - start >= size:
            some = rows[start : start + size]
            values = tuple(chain.from_iterable((agent_id, *row) for row in some))
            tx.exec_driver_sql(_insert_statement(size), values)
            start += size


@cache
def _insert_statement(rows: int) -> str:
    columns = "agent_id, seq, source_seq, type, metadata, created_at"
    places = ",".join(["(?,?,?,?,?,?)"] * rows)
    return f"INSERT INTO messages ({columns}) VALUES {places}"  # noqa: S608 - constants only


def append_session_log(tx: Connection, agent_id: str, rows: Sequence[SessionLogRow]) -> None:
    """Raises IntegrityError when a number is taken."""
    if rows:
        tx.execute(
            insert(session_log),
            [
                {
                    "agent_id": agent_id,
                    "source_seq": row.source_seq,
                    "subpath": row.subpath,
                    "text": row.text,
                }
                for row in rows
            ],
        )


def session_files(tx: Connection, agent_id: str) -> dict[str, str]:
    """The CLI's own log: file text by subpath ("" is the main one)."""
    query = (
        select(session_log.c.subpath, session_log.c.text)
        .where(session_log.c.agent_id == agent_id)
        .order_by(session_log.c.source_seq)
    )
    parts: dict[str, list[str]] = {}
    for subpath, text in tx.execute(query):
        parts.setdefault(subpath, []).append(text)
    return {subpath: "".join(texts) for subpath, texts in parts.items()}


def after(
    tx: Connection, agent_id: str, seq: int, limit: int, max_bytes: int
) -> list[tuple[int, str]]:
    """(number, JSON) of events after `seq`, oldest first; at least one if there is any."""
    query = (
        select(messages.c.seq, messages.c.metadata)
        .where(messages.c.agent_id == agent_id, messages.c.seq > seq)
        .order_by(messages.c.seq)
        .limit(limit)
    )
    return _bounded(tx, query, max_bytes)


def before(
    tx: Connection, agent_id: str, seq: int, limit: int, max_bytes: int
) -> list[tuple[int, str]]:
    """(number, JSON) of the newest events before `seq`, oldest first; at least one if any."""
    query = (
        select(messages.c.seq, messages.c.metadata)
        .where(messages.c.agent_id == agent_id, messages.c.seq < seq)
        .order_by(messages.c.seq.desc())
        .limit(limit)
    )
    return _bounded(tx, query, max_bytes)[::-1]


def _bounded(
    tx: Connection, query: Select[*tuple[Any, ...]], max_bytes: int
) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    size = 0
    with tx.execute(query) as result:
        for seq, text in result:
            size += len(text)
            if found and size > max_bytes:
                break
            found.append((seq, text))
    return found
