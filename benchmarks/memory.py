"""Memory: idle, what an event adds for good, and what a page that stops reading costs.

Must not count the page cache; resident memory of the manager's process only.
"""

import time

from benchmarks.figures import RECORDED, Figure, at_most
from benchmarks.speed import Effort
from benchmarks.stand import Stand, load, manager

_MB = 1e6
_SETTLE_SECONDS = 60.0


def memory(effort: Effort) -> list[Figure]:
    """Idle; growth an event after the first round; one stalled page at full speed."""
    with manager(live=10) as stand:
        idle = stand.server.use().resident_bytes
        options = {"agents": 10, "watchers": 10, "per_frame": 16, "seconds": effort.seconds}
        load(stand.server, stand.folder, **options)
        load(stand.server, stand.folder, **options)
        first = _settled(stand)
        sent = 0.0
        for _ in range(2):
            sent += load(stand.server, stand.folder, **options)["sent"]
        growth = (_settled(stand) - first) / sent
        before = _settled(stand)
        got = load(stand.server, stand.folder, slow_watchers=1, **options)
        stalled = got.resident_bytes - before
    return [
        at_most("memory, idle", "MB", idle / _MB, 0.6 * RECORDED["idle_mb"]),
        at_most("memory, growth", "bytes an event", growth, 8),
        at_most("memory, a stalled page", "MB", stalled / _MB, 5),
    ]


def _settled(stand: Stand) -> int:
    """Resident memory once connections are closed and it no longer falls."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    last = stand.server.use().resident_bytes
    while time.monotonic() < deadline:
        time.sleep(1)
        now = stand.server.use().resident_bytes
        if abs(now - last) < _MB / 4:
            return now
        last = now
    return last
