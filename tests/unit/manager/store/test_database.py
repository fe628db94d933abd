"""The writer: groups are durable when they are acknowledged, and one's failure is its own."""

import asyncio
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from autosclaw.manager.store import config, schema
from autosclaw.manager.store.database import Database, StoreUnavailable, Tx
from autosclaw.protocol import limits
from autosclaw.protocol.errors import Code, DomainError

WRITER = """
import asyncio, sys
from autosclaw.manager.store import config
from autosclaw.manager.store.database import Database

async def main():
    database = Database(sys.argv[1])
    database.start()
    async def one(number):
        while True:
            await database.write(
                lambda tx: config.setdefault(tx, f"{number}", "x"), lazy=number % 2 == 0)
            print(number, flush=True)
            number += 8
    await asyncio.gather(*(one(n) for n in range(8)))

asyncio.run(main())
"""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.migrate(made.engine)
    made.start()
    yield made
    await made.close()


def put(tx: Tx, key: str) -> str:
    return config.setdefault(tx, key, key.upper())


def add(tx: Tx, key: str) -> None:
    """As `put`, but a second time is an error of the database."""
    tx.execute(config.config.insert(), {"key": key, "value": "x"})


async def keys(database: Database) -> set[str]:
    def job(tx: Tx) -> set[str]:
        return {row[0] for row in tx.exec_driver_sql("select key from config")}

    return await database.read(job)


class Gate:
    """Holds the writer, so that what is queued meanwhile becomes one group."""

    def __init__(self, database: Database) -> None:
        self._open = threading.Event()
        self.entered = asyncio.Event()
        loop = asyncio.get_running_loop()

        def job(_tx: Tx) -> None:
            loop.call_soon_threadsafe(self.entered.set)
            self._open.wait(5)

        self.done = database.submit(job)

    def open(self) -> None:
        self._open.set()


async def test_a_failing_job_is_undone_alone(database: Database) -> None:
    def half(tx: Tx) -> None:
        put(tx, "half")
        raise ValueError("mine")

    gate = Gate(database)
    await gate.entered.wait()
    group = [
        database.submit(lambda tx: put(tx, "a")),
        database.submit(half),
        database.submit(lambda tx: put(tx, "b")),
        database.submit(lambda tx: add(tx, "a")),
        database.submit(lambda tx: put(tx, "c")),
    ]
    gate.open()
    results = await asyncio.gather(*group, return_exceptions=True)
    assert [results[0], results[2], results[4]] == ["A", "B", "C"]
    assert isinstance(results[1], ValueError)
    assert isinstance(results[3], IntegrityError)
    assert await keys(database) == {"a", "b", "c"}
    with pytest.raises(ValueError, match="mine"):
        await database.write(half)
    assert "half" not in await keys(database)


async def test_a_statement_the_database_refuses_fails_only_who_asked_for_it(
    database: Database,
) -> None:
    def refused(tx: Tx) -> None:
        put(tx, "half")
        tx.exec_driver_sql("select json_extract('{', '$.x')").all()

    gate = Gate(database)
    await gate.entered.wait()
    jobs = [lambda tx: put(tx, "a"), refused, lambda tx: put(tx, "b")]
    group = [database.submit(job) for job in jobs]
    gate.open()
    results = await asyncio.gather(*group, return_exceptions=True)
    assert (results[0], results[2]) == ("A", "B")
    assert isinstance(results[1], OperationalError)
    with pytest.raises(OperationalError):
        await database.write(refused)
    assert await keys(database) == {"a", "b"}


async def test_jobs_are_committed_in_the_order_they_came(database: Database) -> None:
    order: list[int] = []
    jobs = [database.submit(lambda _tx, n=n: order.append(n), lazy=n % 3 == 0) for n in range(500)]
    await asyncio.gather(*jobs)
    assert order == list(range(500))


async def test_what_was_written_is_read_at_once(database: Database) -> None:
    for number in range(20):
        await database.write(lambda tx, n=number: put(tx, f"k{n}"), lazy=True)
        assert f"k{number}" in await keys(database)


async def test_a_full_queue_refuses(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRITER_QUEUE_JOBS", 3)
    gate = Gate(database)
    await gate.entered.wait()
    queued = [database.submit(lambda _tx: None) for _ in range(2)]
    with pytest.raises(DomainError) as refused:
        database.submit(lambda _tx: None)
    assert refused.value.code is Code.UNAVAILABLE
    gate.open()
    await asyncio.gather(gate.done, *queued)
    assert await database.write(lambda tx: put(tx, "after")) == "AFTER"


async def test_a_locked_database_is_unavailable_and_changes_nothing(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autosclaw.manager.store.database._BUSY_MS", 50)
    database.engine.dispose()  # new connections wait less
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreUnavailable):
        await database.write(lambda tx: put(tx, "never"))
    await database.ping()
    other.execute("rollback")
    other.close()
    assert await database.write(lambda tx: put(tx, "later")) == "LATER"
    assert await keys(database) == {"later"}


async def test_closing_commits_what_is_queued(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'b.db'}")
    schema.migrate(made.engine)
    made.start()
    jobs = [made.submit(lambda tx, n=n: put(tx, f"k{n}")) for n in range(200)]
    await made.close()
    assert len(await asyncio.gather(*jobs)) == 200


def test_every_commit_is_synced(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("pragma synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("pragma foreign_keys").scalar_one() == 1
    database.engine.dispose()


async def test_a_killed_writer_has_lost_nothing_it_acknowledged(tmp_path: Path) -> None:
    """kill -9 at three moments; what was printed is in the database, which is whole."""
    path = tmp_path / "a.db"
    url = f"sqlite:///{path}"
    database = Database(url)
    schema.migrate(database.engine)
    database.engine.dispose()
    for wanted in (1, 40, 400):
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, url, stdout=asyncio.subprocess.PIPE
        )
        assert program.stdout is not None
        acknowledged = {int(await program.stdout.readline()) for _ in range(wanted)}
        os.kill(program.pid, signal.SIGKILL)
        rest = (await program.stdout.read()).split(b"\n")
        acknowledged |= {int(line) for line in rest[:-1]}
        await program.wait()
        connection = sqlite3.connect(path)
        kept = {int(row[0]) for row in connection.execute("select key from config")}
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        connection.close()
        assert acknowledged <= kept
