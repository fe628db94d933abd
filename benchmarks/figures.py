"""What was measured beside what is to be held: one row a figure, as a table and as JSON.

Bars are ratios to an earlier implementation of the same contract (Node: Express, ws,
better-sqlite3). It is not here to run; RECORDED holds what it and a plain server reached side by
side, so its speed on this machine is estimated from the plain server of the same run. Must not
measure.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# The earlier implementation, and (…_plain) bare uvicorn beside it, one message at a time.
RECORDED = {
    "ingest": 10_600.0,  # events/s, 10 agents, 10 watchers
    "ingest_plain": 35_100.0,
    "fanout": 77_000.0,  # deliveries/s to 100 watchers
    "fanout_plain": 49_900.0,
    "p50_9500_us": 940.0,
    "p99_9500_us": 39_000.0,
    "p50_500_us": 390.0,
    "p99_500_us": 3_300.0,
    "cpu_50_us": 747.0,
    "cpu_500_us": 413.0,
    "change_cpu_1000_ms": 3.6,
    "change_cpu_ended_ms": 31.0,
    "open_ms": 172.0,
    "open_others_p99_ms": 112.0,
    "health": 2_000.0,
    "last_token": 305.0,
    "idle_mb": 111.0,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. bar: what is to be held, in words; held: None where there is no bar.

    baseline: the plain server in the same run, where it does the same job.
    """

    name: str
    unit: str
    ours: float
    baseline: float | None = None
    bar: str = ""
    held: bool | None = None


def at_least(
    name: str, unit: str, ours: float, bar: float, baseline: float | None = None
) -> Figure:
    """Higher is better."""
    return Figure(name, unit, ours, baseline, f"≥ {number(bar)}", ours >= bar)


def at_most(name: str, unit: str, ours: float, bar: float, baseline: float | None = None) -> Figure:
    """Lower is better."""
    return Figure(name, unit, ours, baseline, f"≤ {number(bar)}", ours <= bar)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def number(value: float) -> str:
    """At most three places, thousands apart."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


_HEAD = ("figure", "unit", "ours", "plain", "ratio", "bar", "")


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned columns."""
    rows = [_HEAD]
    for figure in figures:
        plain = figure.baseline
        rows.append(
            (
                figure.name,
                figure.unit,
                number(figure.ours),
                "" if plain is None else number(plain),
                "" if not plain else f"{figure.ours / plain:.2f}",
                figure.bar,
                {None: "", True: "held", False: "MISSED"}[figure.held],
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    right = {2, 3, 4, 5}
    lines: list[str] = []
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w)
                 for i, (c, w) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def write(path: Path, figures: Sequence[Figure], machine: Mapping[str, object]) -> None:
    """The figures as JSON."""
    path.parent.mkdir(exist_ok=True)
    found = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
