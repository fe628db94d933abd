"""Keeps on disk what the manager has not acknowledged, and how far inputs were taken.

Must not know the socket or what an event means; it numbers bytes and gives them back.

Only positions are kept in memory: a long outage costs disk, not memory.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from autosclaw.protocol import limits
from autosclaw.protocol.spool import SPOOL_FILE, ack_line, decode_line, event_line, input_line

# Bytes of acknowledged lines that make rewriting the file worth it.
COMPACT_BYTES = 4 << 20
# Seconds within which an accepted event is asked onto the disk.
SYNC_SECONDS = 0.1
_COPY_BYTES = 1 << 20
_EVENT_KEY = b'"event":'


class SpoolError(Exception):
    """The spool cannot be read or written; nothing more may be accepted."""


class _Entry(NamedTuple):
    """Where an event stands: file positions of its line and of its own bytes."""

    line: int
    start: int
    end: int


class Spool:
    """One file. Use from one event loop; open with `Spool.open`, end with `close`.

    `last_seq` is the number of the newest event, `acked` the highest acknowledged one,
    `last_input` the highest input that is the runner's.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._file = descriptor
        # Positions count from the first spool line ever; a rewrite moves `_base`, not them.
        self._base = 0
        self._end = 0
        self._entries: deque[_Entry] = deque()
        self.acked = 0
        self.last_input = 0
        self._unsynced = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._acked_up = asyncio.Event()
        self._sync_lock = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self.on_append: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, directory: Path) -> "Spool":
        """Open or continue the spool in `directory` (made when missing). Raises SpoolError."""
        path = directory / SPOOL_FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".tmp").unlink(missing_ok=True)
            spool = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            spool._recover()
        except OSError as error:
            raise SpoolError(f"cannot open the spool: {error.strerror}") from error
        return spool

    @property
    def last_seq(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self.acked + len(self._entries)

    @property
    def pending_bytes(self) -> int:
        """Bytes from the first unacknowledged line to the end."""
        return self._end - self._entries[0].line if self._entries else 0

    def start(self) -> None:
        """Begin syncing and compacting in the background. Needs a running loop."""
        self._keeper = asyncio.create_task(self._keep(), name="spool")

    def begin_after(self, seq: int) -> None:
        """The manager holds everything up to `seq`: forget it, and number what follows after it."""
        self.ack(seq)
        if not self._entries and self.acked < seq:
            self._write(ack_line(seq))
            self.acked = seq

    def append(self, event: bytes) -> int:
        """Accept an encoded event at once and return its number. Raises SpoolError.

        Accepted means: it survives the death of this process now, and the machine's within
        SYNC_SECONDS. Callers that can wait use `put`.
        """
        seq = self.last_seq + 1
        line = event_line(seq, event)
        start = self._end
        self._write(line)
        end = self._end - len(b"}\n")
        self._entries.append(_Entry(start, end - len(event), end))
        if self.pending_bytes > limits.SPOOL_PAUSE_BYTES:
            self._room.clear()
        self.on_append()
        return seq

    async def put(self, event: bytes) -> int:
        """Wait for room, then accept."""
        await self.room()
        return self.append(event)

    async def room(self) -> None:
        """Return when the spool is not too full: above SPOOL_PAUSE_BYTES wait for
        SPOOL_RESUME_BYTES."""
        await self._room.wait()

    async def record_input(self, number: int) -> None:
        """Every input up to `number` is the runner's now; on disk when this returns."""
        if number <= self.last_input:
            return
        self._write(input_line(number))
        self.last_input = number
        await self._sync()

    def ack(self, seq: int) -> None:
        """Everything up to `seq` is durable elsewhere. Older or unknown numbers are ignored."""
        seq = min(seq, self.last_seq)
        if seq <= self.acked:
            return
        self._write(ack_line(seq))
        while self.acked < seq:
            self._entries.popleft()
            self.acked += 1
        if self.pending_bytes < limits.SPOOL_RESUME_BYTES:
            self._room.set()
        self._acked_up.set()

    async def drained(self) -> None:
        """Return when everything accepted so far is acknowledged."""
        while self._entries:
            self._acked_up.clear()
            await self._acked_up.wait()

    def read(self, after: int, max_bytes: int, max_events: int) -> list[bytes]:
        """The encoded events after number `after`, at least one if there is any."""
        first = max(after - self.acked, 0)
        chosen: list[_Entry] = []
        size = 0
        for entry in islice(self._entries, first, first + max_events):
            size += entry.end - entry.start
            if chosen and size > max_bytes:
                break
            chosen.append(entry)
        if not chosen:
            return []
        origin = chosen[0].start
        block = self._pread(origin, chosen[-1].end)
        return [block[entry.start - origin : entry.end - origin] for entry in chosen]

    async def close(self) -> None:
        """Sync and close. The file stays."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._file >= 0:
            await self._sync()
            os.close(self._file)
            self._file = -1

    # -- the file ---------------------------------------------------------------------------

    def _write(self, line: bytes) -> None:
        if self._keeper is not None and self._keeper.done():
            raise SpoolError("the spool can no longer be made durable")
        position = self._end - self._base
        try:
            written = os.pwrite(self._file, line, position)
            while written < len(line):
                written += os.pwrite(self._file, line[written:], position + written)
        except OSError as error:
            # A torn line must not stand before a later one.
            os.ftruncate(self._file, position)
            raise SpoolError(f"cannot write the spool: {error.strerror}") from error
        self._end += len(line)
        self._unsynced.set()

    def _pread(self, start: int, end: int) -> bytes:
        parts: list[bytes] = []
        position, stop = start - self._base, end - self._base
        while position < stop:
            part = os.pread(self._file, stop - position, position)
            if not part:
                raise SpoolError("the spool is shorter than what was written to it")
            parts.append(part)
            position += len(part)
        return b"".join(parts)

    async def _sync(self) -> None:
        async with self._sync_lock:
            self._unsynced.clear()
            await asyncio.to_thread(os.fdatasync, self._file)

    async def _keep(self) -> None:
        while True:
            await self._unsynced.wait()
            await asyncio.sleep(SYNC_SECONDS)
            await self._sync()
            live = self._entries[0].line if self._entries else self._end
            done, kept = live - self._base, self._end - live
            crowded = done + kept > limits.SPOOL_PAUSE_BYTES
            if done >= COMPACT_BYTES and (done >= kept or crowded):
                await self._compact(live)

    async def _compact(self, live: int) -> None:
        """Move what is still needed into a new file that takes the old one's name."""
        async with self._sync_lock:
            head = ack_line(self.acked) + input_line(self.last_input)
            copied = self._end
            replacement = self._path.with_suffix(".tmp")
            new = await asyncio.to_thread(
                _copy_tail, self._file, (live - self._base, copied - self._base), head, replacement
            )
            # No await from here on: lines that came meanwhile follow in one go.
            tail = self._pread(copied, self._end)
            os.pwrite(new, tail, len(head) + copied - live)
            os.replace(replacement, self._path)
            os.close(self._file)
            self._file = new
            self._base = live - len(head)
            # Until the new name is on disk, the old file is what a power cut would leave.
            await asyncio.to_thread(_sync_directory, self._path.parent)
            self._unsynced.set()

    # -- reading it again -------------------------------------------------------------------

    def _recover(self) -> None:
        """Take over the file: everything up to the first line that is torn or foreign."""
        last = 0
        with os.fdopen(os.dup(self._file), "rb") as stream:
            for line in stream:
                position = self._end
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = decode_line(line)
                except msgspec.MsgspecError:
                    break
                self._end = position + len(line)
                if entry.seq is not None and entry.event is not None:
                    if last and entry.seq != last + 1:
                        raise SpoolError(f"the spool jumps from {last} to {entry.seq}")
                    last = entry.seq
                    # Written by `event_line`: the key stands once before the event's own bytes.
                    start = position + line.index(_EVENT_KEY) + len(_EVENT_KEY)
                    self._entries.append(_Entry(position, start, self._end - len(b"}\n")))
                elif entry.ack is not None and entry.ack > self.acked:
                    self.acked = entry.ack
                    if self.acked >= last:
                        self._entries.clear()
                        last = self.acked
                elif entry.input is not None:
                    self.last_input = max(self.last_input, entry.input)
        self._forget(last)
        os.ftruncate(self._file, self._end)
        if self.pending_bytes > limits.SPOOL_PAUSE_BYTES:
            self._room.clear()

    def _forget(self, last: int) -> None:
        first = last - len(self._entries) + 1
        while self._entries and first <= self.acked:
            self._entries.popleft()
            first += 1
        if self._entries:
            self.acked = first - 1


def _copy_tail(source: int, span: tuple[int, int], head: bytes, target: Path) -> int:
    """Write `head` and the bytes of `span` to `target`, durably; return its open descriptor."""
    new = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(new, head)
        position, stop = span
        while position < stop:
            part = os.pread(source, min(_COPY_BYTES, stop - position), position)
            position += os.write(new, part)
        os.fsync(new)
    except BaseException:
        os.close(new)
        raise
    return new


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
