"""Ingest, fan-out, latency and CPU: the manager and the plain server alternate in one run.

The manager keeps what it gets (SQLite, FULL) and is given `events` frames of 1, 16 or 64 events;
the plain server gets the contract's single events and keeps nothing. Must not share a database
between two measurements: each has a fresh one.
"""

from dataclasses import dataclass

from benchmarks.figures import RECORDED, Figure, at_least, at_most, median
from benchmarks.stand import Load, baseline, load, manager


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often to measure."""

    seconds: float
    repetitions: int


FULL = Effort(3.0, 3)
QUICK = Effort(2.0, 1)


def _ours(agents: int, **options: float) -> Load:
    with manager(live=agents) as stand:
        got = load(stand.server, stand.folder, agents=agents, **options)
    if got["gaps"] or got["repeats"] or got["closed"]:
        raise SystemExit(f"events were lost or came twice: {got.result}")
    return got


def _plain(**options: float) -> Load:
    with baseline() as server:
        return load(server, None, per_frame=1, **options)


def ingest(effort: Effort) -> list[Figure]:
    """Durable and acknowledged events a second; each agent has one watcher."""
    found: list[Figure] = []
    for agents in (1, 10, 50):
        rates: dict[int, list[float]] = {1: [], 16: [], 64: []}
        plain: list[float] = []
        for _ in range(effort.repetitions):
            for per_frame, values in rates.items():
                got = _ours(agents, watchers=agents, per_frame=per_frame, seconds=effort.seconds)
                values.append(got["acked_rate"])
            got = _plain(agents=agents, watchers=agents, seconds=effort.seconds)
            plain.append(got["delivered_rate"])
        reached = median(plain)
        bar = 6 * RECORDED["ingest"] / RECORDED["ingest_plain"] * reached
        for per_frame, values in rates.items():
            name = f"ingest, {agents} agents, {per_frame} a frame"
            value = median(values)
            if agents == 10 and per_frame > 1:
                found.append(at_least(name, "events/s", value, bar, reached))
            else:
                found.append(Figure(name, "events/s", value, reached))
    return found


def fanout(effort: Effort) -> list[Figure]:
    """One agent, 1 to 100 watchers: deliveries a second."""
    found: list[Figure] = []
    for watchers in (1, 10, 100):
        ours: list[float] = []
        plain: list[float] = []
        for _ in range(effort.repetitions):
            options = {"watchers": watchers, "fan_all": 1, "seconds": effort.seconds}
            ours.append(_ours(1, per_frame=16, **options)["delivered_rate"])
            plain.append(_plain(agents=1, window=200, **options)["delivered_rate"])
        name, reached = f"fan-out to {watchers}", median(plain)
        if watchers == 100:
            bar = 15 * RECORDED["fanout"] / RECORDED["fanout_plain"] * reached
            found.append(at_least(name, "deliveries/s", median(ours), bar, reached))
        else:
            found.append(Figure(name, "deliveries/s", median(ours), reached))
    return found


def latency(effort: Effort) -> list[Figure]:
    """From an agent's write to a page's read, one event a frame, 10 agents, 10 watchers; and
    CPU an event."""
    found: list[Figure] = []
    for rate in (50, 500, 9_500):
        ours: list[Load] = []
        plain: list[Load] = []
        seconds = effort.seconds * (2 if rate == 50 else 1)
        for _ in range(effort.repetitions):
            options = {"watchers": 10, "rate": rate, "seconds": seconds}
            ours.append(_ours(10, per_frame=1, **options))
            plain.append(_plain(agents=10, **options))
        if rate != 50:
            found += _latency(rate, "p50", ours, plain, 0.8 if rate == 500 else 1 / 3)
            found += _latency(rate, "p99", ours, plain, 0.5 if rate == 500 else 1 / 5)
        cpu = median([one.cpu_seconds * 1e6 / (rate * seconds) for one in ours])
        reached = median([one.cpu_seconds * 1e6 / (rate * seconds) for one in plain])
        name = f"CPU an event at {rate:,}/s"
        if rate == 9_500:
            found.append(Figure(name, "µs", cpu, reached))
        else:
            found.append(at_most(name, "µs", cpu, 0.8 * RECORDED[f"cpu_{rate}_us"], reached))
    return found


def _latency(
    rate: int, which: str, ours: list[Load], plain: list[Load], share: float
) -> list[Figure]:
    value = median([one[f"{which}_us"] for one in ours])
    reached = median([one[f"{which}_us"] for one in plain])
    bar = share * RECORDED[f"{which}_{rate}_us"]
    return [at_most(f"latency {which} at {rate:,}/s", "µs", value, bar, reached)]
