"""Databases to measure on: agents that are said to run, ended ones, long transcripts, a person.

Tokens are hashed in the database as always; the plain ones go to the caller only. Must not be
used on a database that somebody needs.
"""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autosclaw.manager.services.accounts import hash_password
from autosclaw.manager.services.link_session import token_digest
from autosclaw.manager.store import agents, inputs, messages, schema, users
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.times import to_text
from autosclaw.protocol import ids
from autosclaw.protocol.agents import DEFAULT_MODEL, Permission, State
from autosclaw.protocol.people import Role
from benchmarks.still_runtime import BOOT

USERNAME = "bench"
_CHUNK = 1_000
_STATUS = {State.RUNNING: "running", State.STOPPED: "stopped"}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was written: the person's password, and (id, token) of the running agents."""

    password: str
    agents: Sequence[tuple[str, str]]


def seed(
    data_dir: Path, *, live: int, ended: int = 0, history: int = 0, prompt: str = ""
) -> Seeded:
    """A database with `live` running agents, `ended` stopped ones and, for the last agent, a
    transcript of `history` events of 200 bytes. `prompt` waits for each as its first message."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return asyncio.run(_seed(data_dir, live, ended, history, prompt))


async def _seed(data_dir: Path, live: int, ended: int, history: int, prompt: str) -> Seeded:
    database = Database(f"sqlite:///{data_dir / 'autosclaw.db'}")
    schema.migrate(database.engine)
    database.start()
    now = datetime.now(UTC)
    password = secrets.token_urlsafe(12)
    hashed = hash_password(password)
    made = [(ids.new_id(), ids.new_token()) for _ in range(live)]

    def job(tx: Tx) -> None:
        users.add(tx, ids.new_id(), USERNAME, hashed, Role.ADMIN, now)
        for number, (agent_id, token) in enumerate(made):
            values = _values(number, agent_id, State.RUNNING, now)
            agents.insert(tx, {**values, "token": token_digest(token), "boot": BOOT}, now)
            if prompt:
                _ask(tx, agent_id, prompt, now)
        for number in range(ended):
            values = _values(number, ids.new_id(), State.STOPPED, now)
            past = to_text(now - timedelta(seconds=number))
            agents.insert(tx, {**values, "ended_at": past, "exit_reason": "Done."}, now)

    try:
        await database.write(job)
        if history:
            await _write_history(database, made[-1][0], history, to_text(now))
    finally:
        await database.close()
    return Seeded(password, made)


def _ask(tx: Tx, agent_id: str, prompt: str, now: datetime) -> None:
    inputs.add(
        tx,
        agent_id,
        input_id=ids.new_id(),
        kind=inputs.Kind.CHAT,
        payload=json.dumps({"message": prompt}),
        created_by=USERNAME,
        key=None,
        now=now,
    )


def _values(number: int, agent_id: str, state: State, now: datetime) -> dict[str, Any]:
    return {
        "id": agent_id,
        "name": f"agent {number}",
        "purpose": "Keeps the dependencies of a project up to date and reports.",
        "system_prompt": "",
        "permissions": agents.permissions_text(list(Permission)),
        "created_by": USERNAME,
        "model": DEFAULT_MODEL,
        "state": state,
        "status": _STATUS[state],
        "started_at": to_text(now),
    }


async def _write_history(database: Database, agent_id: str, count: int, at: str) -> None:
    text = f'{{"agentId":"{agent_id}","type":"output","at":"{at}","content":"{"x" * 200}"}}'
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        rows = [messages.MessageRow(start + i, start + i, "output", text, at)
                for i in range(1, size + 1)]  # fmt: skip

        def job(tx: Tx, rows: list[messages.MessageRow] = rows) -> None:
            messages.append(tx, agent_id, rows)
            old, new = rows[0].seq - 1, rows[-1].seq
            if not agents.advance(tx, agent_id, (old, old), (new, new)):
                raise RuntimeError("the history was not written")

        await database.write(job)
