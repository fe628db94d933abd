"""Finds and ends what the CLI started: tools outlive it, and their parents.

Must not touch a process that does not descend from this one. The runner adopts orphans
(`narrow.adopt_orphans`), so everything an agent left behind is a descendant.
"""

import os
import signal
from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")
# Rounds of killing: each catches what the last one's victims started meanwhile.
_ROUNDS = 10


def descendants(root: int | None = None) -> list[int]:
    """Every process below `root` (this one), nearest first."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children[parent].append(int(entry.name))
    found: list[int] = []
    waiting = [os.getpid() if root is None else root]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found


def kill_all(spare: int | None = None) -> int:
    """SIGKILL every descendant but `spare`; how many there were. Collecting them is apart:
    the CLI's end is its transport's to see."""
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        victims = [pid for pid in descendants() if pid != spare and not _is_zombie(pid)]
        if not victims:
            break
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            except ProcessLookupError:
                continue
    return len(killed)


def reap_orphans(cli: int | None) -> None:
    """Collect adopted children that ended, but not the CLI."""
    for pid in _children():
        if pid != cli and _is_zombie(pid):
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _children() -> list[int]:
    own = os.getpid()
    return [
        int(entry.name)
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and _parent(entry) == own
    ]


def _stat(entry: Path) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; the name before may hold anything."""
    try:
        text = (entry / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text[text.rindex(")") + 1 :].split()


def _parent(entry: Path) -> int | None:
    fields = _stat(entry)
    return int(fields[1]) if len(fields) > 1 else None


def _is_zombie(pid: int) -> bool:
    fields = _stat(_PROC / str(pid))
    return not fields or fields[0] == "Z"
