"""What pages cost: a change in a large fleet, and opening a long transcript.

Must not use the load generator's tokens for anything but its agents.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import aiohttp

from benchmarks.figures import RECORDED, Figure, at_most, median
from benchmarks.page import Page
from benchmarks.speed import Effort
from benchmarks.stand import Stand, load, manager

_CHANGES = 20
_HISTORY = 100_000
_OPENINGS = 40
_KILOBYTE = 1024


def change(effort: Effort) -> list[Figure]:
    """One agent begins or ends to think: bytes to a page and CPU of the manager."""
    found: list[Figure] = []
    for live, ended in ((10, 0), (1_000, 0), (5_000, 0), (10, 5_000)):
        with manager(live=live, ended=ended) as stand:
            size, cpu = asyncio.run(_changes(stand))
        known = f"{live:,} agents" + (f" + {ended:,} ended" if ended else "")
        found.append(at_most(f"a change, {known}", "bytes a page", size, _KILOBYTE))
        bar = {1_000: "change_cpu_1000_ms", 10: "change_cpu_ended_ms"}.get(live)
        name = f"a change, {known}"
        if bar and (ended or live == 1_000):
            found.append(at_most(name, "CPU ms", cpu, RECORDED[bar] / 3))
        else:
            found.append(Figure(name, "CPU ms", cpu))
    return found


async def _changes(stand: Stand) -> tuple[float, float]:
    agent_id, token = stand.seeded.agents[0]
    sizes: list[float] = []
    async with Page(stand.url, stand.jwt) as page, aiohttp.ClientSession() as http:
        await page.until("project_list")
        link = await http.ws_connect(f"{stand.url}/agent")
        await link.send_json({"type": "register", "agentId": agent_id, "token": token})
        await page.until("agents_changed")
        reading = asyncio.create_task(_read(link))
        before = stand.server.use().cpu_ns
        for number in range(_CHANGES):
            status = "finished" if number % 2 else "thinking"
            await link.send_json({"type": "status", "agentId": agent_id, "status": status})
            await page.until("agents_changed")
            sizes.append(page.bytes)
        cpu = stand.server.use().cpu_ns - before
        reading.cancel()
    return median(sizes), cpu / 1e6 / _CHANGES


async def _read(link: aiohttp.ClientWebSocketResponse) -> None:
    """Answers pings."""
    async for _message in link:
        pass


def opening(effort: Effort) -> list[Figure]:
    """Open a transcript of 100,000 events while ten others are watched at 500 events/s."""
    with manager(live=11, history=_HISTORY) as stand:
        options = {"agents": 10, "watchers": 10, "rate": 500, "per_frame": 1}
        with ThreadPoolExecutor(1) as pool:
            others = pool.submit(
                load, stand.server, stand.folder, seconds=effort.seconds + 2, **options
            )
            size, took = asyncio.run(_openings(stand))
            busy = others.result()["p99_us"] / 1000
    return [
        at_most("open 100,000 events", "bytes", size, 64 * _KILOBYTE),
        at_most("open 100,000 events", "ms", took, RECORDED["open_ms"] / 30),
        at_most("others' p99 meanwhile", "ms", busy, RECORDED["open_others_p99_ms"] / 5),
    ]


async def _openings(stand: Stand) -> tuple[float, float]:
    agent_id = stand.seeded.agents[-1][0]
    taken: list[float] = []
    sizes: list[float] = []
    async with Page(stand.url, stand.jwt) as page:
        await page.until("project_list")
        for _ in range(_OPENINGS):
            began = time.perf_counter()
            await page.send(type="watch", agentId=agent_id, tail=200)
            got = await page.until("events")
            taken.append((time.perf_counter() - began) * 1000)
            sizes.append(page.bytes)
            if len(got["events"]) != 200:
                raise SystemExit(f"opened {len(got['events'])} events instead of 200")
            await page.send(type="unwatch", agentId=agent_id, requestId="u")
            await page.until("ok")
    return median(sizes), median(taken)
