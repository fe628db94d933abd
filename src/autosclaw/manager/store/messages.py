"""Transcripts in the database: append and page. Events go in and out as the bytes they are.

Must not number events; the transcript's owner does (`services.transcripts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from autosclaw.manager.store.tables import messages, session_log


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One event: its number, its number at the runner (None: the manager's own), its JSON."""

    seq: int
    source_seq: int | None
    type: str
    event: str
    created_at: str


@dataclass(frozen=True, slots=True)
class SessionLogRow:
    """One fragment of the CLI's own log."""

    source_seq: int
    subpath: str
    text: str


def append(tx: Connection, agent_id: str, rows: Sequence[MessageRow]) -> None:
    """Raises IntegrityError when a number is taken."""
    if rows:
        tx.execute(
            insert(messages),
            [
                {
                    "agent_id": agent_id,
                    "seq": row.seq,
                    "source_seq": row.source_seq,
                    "type": row.type,
                    "metadata": row.event,
                    "created_at": row.created_at,
                }
                for row in rows
            ],
        )


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
