"""`python -m benchmarks [name …] [--quick]`: measure, compare with the bars, write JSON.

Exits 1 when a bar is missed. Must not be run beside other work: two cores are enough, shared ones
give figures of the sharing.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import loss, memory, pages, rest, speed
from benchmarks.figures import Figure, at_most, table, write
from benchmarks.speed import Effort
from benchmarks.stand import BUILD, ROOT

_BUSY = 0.5
_GATEWAY = Path(__file__).parent / "gateway_ttfb.py"


def gateway(effort: Effort) -> list[Figure]:
    """Time the model gateway adds to the first byte."""
    requests = str(int(100 * effort.seconds))
    command = [sys.executable, str(_GATEWAY), "--requests", requests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if not done.stdout:
        raise SystemExit(f"the gateway's benchmark failed:\n{done.stderr[-2000:]}")
    got = json.loads(done.stdout)
    name = "gateway, added to the first byte"
    return [at_most(name, "ms p50", got["added_ms"]["p50"], got["bar_added_p50_ms"])]


BENCHMARKS: dict[str, Callable[[Effort], list[Figure]]] = {
    "ingest": speed.ingest,
    "fanout": speed.fanout,
    "latency": speed.latency,
    "change": pages.change,
    "opening": pages.opening,
    "loss": loss.loss,
    "rest": rest.rest,
    "memory": memory.memory,
    "gateway": gateway,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="once and short, for a first look")
    options = parser.parse_args()
    unknown = set(options.names) - BENCHMARKS.keys()
    if unknown:
        known = ", ".join(BENCHMARKS)
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {known}")
    effort = speed.QUICK if options.quick else speed.FULL
    machine = {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "quick": options.quick,
    }
    figures: list[Figure] = []
    for name in options.names or BENCHMARKS:
        print(f"… {name}", file=sys.stderr, flush=True)
        figures += BENCHMARKS[name](effort)
        write(BUILD / "benchmarks.json", figures, machine)
    print(table(figures))
    if machine["load_before"] > _BUSY:
        print(f"\nThe machine was busy (load {machine['load_before']}): figures are low.")
    return 1 if any(figure.held is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
