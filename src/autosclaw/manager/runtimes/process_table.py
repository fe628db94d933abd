"""What runs on this machine, out of /proc: identity of a process, members of a box, signals.

A process id alone identifies nothing, since the kernel gives it out again: everything here checks
the start time or a mark only our processes carry. Must not know where boxes are kept.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for good: its id, when it began (clock ticks since boot), and which boot."""

    pid: int
    started_ticks: int
    machine_boot: str


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    session: int
    started_ticks: int


def machine_boot() -> str:
    """Random id of this boot of the machine; start times of another boot mean nothing."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> Identity | None:
    """The process that has this id now; None when there is none."""
    stat = _stat(pid)
    return None if stat is None else Identity(pid, stat.started_ticks, machine_boot())


def exists(identity: Identity) -> bool:
    """The very same process is still in the table, also as a zombie that nobody has reaped."""
    stat = _stat(identity.pid)
    return (
        stat is not None
        and stat.started_ticks == identity.started_ticks
        and machine_boot() == identity.machine_boot
    )


def runs(identity: Identity) -> bool:
    """The very same process still runs."""
    stat = _stat(identity.pid)
    return exists(identity) and stat is not None and stat.state not in ("Z", "X")


def members(leader: Identity, home: Path) -> list[int]:
    """Running processes of a box: its session, and whatever else has the box's HOME.

    The session counts only while its leader is in the table: after that its number may be
    another program's. Processes that left the session (setsid, double fork) still carry HOME.
    """
    own_session = exists(leader)
    found: list[int] = []
    for entry in os.scandir(PROC):
        if not entry.name.isdecimal():
            continue
        pid = int(entry.name)
        stat = _stat(pid)
        if stat is None or stat.state in ("Z", "X"):
            continue
        in_session = own_session and stat.session == leader.pid
        if in_session or _has_home(pid, home):
            found.append(pid)
    return found


def terminate(leader: Identity) -> None:
    """SIGTERM to the box's process group, if its leader is still the same process."""
    if runs(leader):
        _signal_group(leader.pid, signal.SIGTERM)


def kill(leader: Identity, home: Path) -> None:
    """SIGKILL to all members of a box, and again for what they started meanwhile."""
    for _ in range(3):
        found = members(leader, home)
        if not found:
            return
        for pid in found:
            _kill_member(pid, leader, home)


def _kill_member(pid: int, leader: Identity, home: Path) -> None:
    """The descriptor pins the process before it is looked at once more, so no other is hit."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    try:
        stat = _stat(pid)
        in_session = stat is not None and stat.session == leader.pid and exists(leader)
        if in_session or _has_home(pid, home):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # proc(5): the name in parentheses may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return _Stat(state=fields[0], session=int(fields[3]), started_ticks=int(fields[19]))


def _has_home(pid: int, home: Path) -> bool:
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return b"HOME=" + os.fsencode(home) in environment.split(b"\0")
