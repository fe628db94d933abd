"""The folders of local boxes: one an agent, with a state file that outlives the manager.

All calls block on the disk. Must not start, signal or wait for a process.
"""

import contextlib
import errno
import os
import shutil
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from autosclaw.manager.runtimes.process_table import Identity
from autosclaw.protocol.spool import SPOOL_FILE

LOG_BYTES = 5 << 20
STATE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one box. `process` None: it was never started."""

    agent_id: str
    boot: int
    process: Identity | None = None
    exit_code: int | None = None

    def started(self, process: Identity) -> "Record":
        return replace(self, process=process)

    def ended(self, exit_code: int) -> "Record":
        return replace(self, exit_code=exit_code)


@dataclass(frozen=True, slots=True)
class Folder:
    """Where one box keeps its things."""

    path: Path

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def spool(self) -> Path:
        return self.path / "spool"

    @property
    def spool_file(self) -> Path:
        return self.spool / SPOOL_FILE

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def log(self) -> Path:
        return self.path / "runner.log"

    @property
    def state(self) -> Path:
        return self.path / "state.json"


class Boxes:
    """All boxes under one data folder. OSError leaves unchanged: the caller says what it means."""

    def __init__(self, data_dir: Path) -> None:
        self._data = data_dir
        self._root = data_dir / "boxes"

    def prepare(self) -> None:
        """Make the folder; only this user may look into it."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def folder(self, agent_id: str) -> Folder:
        """Raises ValueError for an id that would lead out of the data folder."""
        if not agent_id or agent_id in (".", "..") or "/" in agent_id or "\0" in agent_id:
            raise ValueError(f"{agent_id!r} is no agent id")
        return Folder(self._root / agent_id)

    def create(self, agent_id: str, boot: int) -> Record:
        """A fresh folder; whatever an earlier boot left there is removed."""
        self.prepare()
        folder = self.folder(agent_id)
        self.remove(agent_id)
        for path in (folder.path, folder.work, folder.spool, folder.home):
            path.mkdir(mode=0o700)
        record = Record(agent_id, boot)
        self.save(record)
        return record

    def save(self, record: Record) -> None:
        """Replace the state file in one step: a reader sees the old one or the new one."""
        folder = self.folder(record.agent_id)
        fresh = folder.state.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder.state)

    def load(self, agent_id: str) -> Record | None:
        """None when there is no box. A box without a readable state was never started.

        Raises OSError when the data folder itself cannot be read: then nothing is known.
        """
        folder = self.folder(agent_id)
        if not folder.path.is_dir():
            os.scandir(self._data).close()
            return None
        try:
            with folder.state.open("rb") as file:
                record = msgspec.json.decode(file.read(STATE_BYTES), type=Record)
        except (FileNotFoundError, msgspec.MsgspecError):
            return Record(agent_id, boot=0)
        return replace(record, agent_id=agent_id)

    def load_all(self) -> list[Record]:
        """Every box. Raises OSError when the data folder cannot be read: never empty then."""
        if not self._root.exists():
            os.scandir(self._data).close()
            return []
        with os.scandir(self._root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        records = [self.load(name) for name in sorted(names)]
        return [record for record in records if record is not None]

    def remove(self, agent_id: str) -> None:
        """Remove the folder and all in it; twice is safe."""
        path = self.folder(agent_id).path
        try:
            _remove_tree(path)
        except PermissionError:
            # Agents leave folders they made unwritable, package caches for instance.
            for inner, folders, _ in os.walk(path):
                for name in folders:
                    _make_writable(Path(inner, name))
            _remove_tree(path)

    def open_spool(self, agent_id: str) -> int | None:
        """A descriptor of the spool file; None when there is none, or something else is there.

        An agent may have put a link or a pipe in its place: neither is followed or waited for.
        """
        path = self.folder(agent_id).spool_file
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
                return None
            raise
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        return None

    def bound_log(self, agent_id: str) -> None:
        """Empty a log that grew above LOG_BYTES; it is written in append mode, so this is safe."""
        log = self.folder(agent_id).log
        if log.exists() and log.stat().st_size > LOG_BYTES:
            os.truncate(log, 0)


def _remove_tree(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def _make_writable(path: Path) -> None:
    if not path.is_symlink():
        with contextlib.suppress(FileNotFoundError):
            path.chmod(0o700)
