"""Connections: one writer thread with group commit, a few reader threads.

Owns transactions' begin and end; must not know any table. `write` returns after the commit that
holds the job is durable (SQLite: WAL, synchronous=FULL), so what follows it may be acknowledged.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from autosclaw.protocol import limits
from autosclaw.protocol.errors import unavailable

T = TypeVar("T")
Tx = Connection
"""What a job gets: a connection inside a transaction (writes) or on a snapshot (reads)."""

_READERS = 4
_LAZY_WINDOW_SECONDS = 0.1
_BUSY_MS = 10_000


class StoreUnavailable(Exception):
    """The database cannot be reached or written (locked, full, gone); nothing was changed."""


class _Order(Enum):
    """What the writer is told besides jobs."""

    HASTEN = auto()
    STOP = auto()


@dataclass(slots=True)
class _Job:
    run: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    lazy: bool


class Database:
    """A SQLAlchemy engine behind one writer and a pool of readers.

    Jobs are plain functions of a connection; they run in threads, must be quick and must not
    keep the connection. A job that raises is rolled back alone; its neighbours are committed.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._queue: queue.SimpleQueue[_Job | _Order] = queue.SimpleQueue()
        self._pending = 0
        self._pinging: asyncio.Future[int] | None = None
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._writer = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the writer; call once, inside the event loop that will use it."""
        self._loop = asyncio.get_running_loop()
        self._writer.start()

    async def close(self) -> None:
        """Commit what is queued and end the threads; at most WRITE_SECONDS."""
        if self._writer.is_alive():
            self._queue.put(_Order.STOP)
            await asyncio.to_thread(self._writer.join, limits.WRITE_SECONDS)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()

    def submit(self, job: Callable[[Connection], T], *, lazy: bool = False) -> "asyncio.Future[T]":
        """Queue a write; jobs commit in the order of submission. See `write`."""
        if self._loop is None:
            raise RuntimeError("the database is not started")
        if self._pending >= limits.WRITER_QUEUE_JOBS:
            raise unavailable("The database is busy; try again in a moment.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._pending += 1
        self._queue.put(_Job(job, future, lazy))
        return future

    async def write(self, job: Callable[[Connection], T], *, lazy: bool = False) -> T:
        """Run `job` in a transaction and return its result once that is durable.

        lazy: it may wait up to 100 ms for company. Raises what the job raised, or
        StoreUnavailable. Cancelled: the job may still be committed.
        """
        return await self.submit(job, lazy=lazy)

    def hasten(self) -> None:
        """What is queued now waits for no more company."""
        self._queue.put(_Order.HASTEN)

    async def read(self, job: Callable[[Connection], T]) -> T:
        """Run `job` on a snapshot. Raises what it raised, or StoreUnavailable."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    async def ping(self) -> None:
        """Raises StoreUnavailable when the database does not answer.

        Who asks while somebody waits for the answer gets the same; so asking is cheap.
        """
        if self._pinging is None or self._pinging.done():
            answer = self.read(lambda tx: tx.exec_driver_sql("SELECT 1").scalar_one())
            self._pinging = asyncio.ensure_future(answer)
            self._pinging.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(self._pinging)

    def _read(self, job: Callable[[Connection], T]) -> T:
        try:
            with self.engine.connect() as connection:
                return job(connection)
        except DBAPIError as error:
            raise StoreUnavailable(f"the database cannot be read: {error.orig}") from error

    def _write_loop(self) -> None:
        while True:
            batch, more = self._next_batch()
            if batch:
                self._deliver(batch, list(self._commit(batch)))
            if not more:
                return

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Jobs to commit together, and whether the writer goes on after them."""
        first = self._queue.get()
        if isinstance(first, _Order):
            return [], first is not _Order.STOP
        batch = [first]
        patient = first.lazy
        deadline = time.monotonic() + _LAZY_WINDOW_SECONDS
        while len(batch) < limits.WRITER_BATCH_JOBS:
            wait = deadline - time.monotonic() if patient else 0.0
            try:
                job = self._queue.get(timeout=wait) if wait > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if job is _Order.STOP:
                return batch, False
            if isinstance(job, _Job):
                batch.append(job)
            patient = patient and isinstance(job, _Job) and job.lazy
        return batch, True

    def _commit(self, batch: list[_Job]) -> Iterable[tuple[Any, BaseException | None]]:
        results: list[tuple[Any, BaseException | None]] = []
        try:
            with self.engine.connect() as connection, connection.begin():
                for job in batch:
                    results.append(_run(connection, job, alone=len(batch) == 1))
                    if len(batch) == 1 and results[0][1] is not None:
                        connection.rollback()
        except DBAPIError as error:
            failure = StoreUnavailable(f"the database cannot be written: {error.orig}")
            return [(None, failure)] * len(batch)
        return results

    def _deliver(self, batch: list[_Job], results: list[tuple[Any, BaseException | None]]) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return

        def settle() -> None:
            self._pending -= len(batch)
            for job, (value, error) in zip(batch, results, strict=True):
                if job.future.done():
                    continue
                if error is None:
                    job.future.set_result(value)
                else:
                    job.future.set_exception(error)

        loop.call_soon_threadsafe(settle)


def _run(connection: Connection, job: _Job, *, alone: bool) -> tuple[Any, BaseException | None]:
    """One job of a batch; a failure undoes this job only."""
    if alone:
        try:
            return job.run(connection), None
        except Exception as error:
            _raise_if_store_failed(error)
            return None, error
    connection.exec_driver_sql("SAVEPOINT job")
    try:
        value = job.run(connection)
    except Exception as error:
        _raise_if_store_failed(error)
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
        connection.exec_driver_sql("RELEASE SAVEPOINT job")
        return None, error
    connection.exec_driver_sql("RELEASE SAVEPOINT job")
    return value, None


def _raise_if_store_failed(error: Exception) -> None:
    """A database that is busy, full or gone fails everybody; a statement it refuses (what an
    agent said nests too deep for its JSON) fails only who asked for it."""
    if isinstance(error, OperationalError):
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code != sqlite3.SQLITE_ERROR:
            raise error


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=_READERS + 1, max_overflow=2, pool_timeout=10)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={_BUSY_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writer = threading.current_thread().name == "store-writer"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")
