"""Counts what a transcript holds against what had to be there: lost, doubled, out of order.

Reads the store's tables beside the manager; must not write to them.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autosclaw.testing.live_manager import LiveManager

_MARK = re.compile(r"<(\d+)/(\d+)>")


@dataclass(frozen=True, slots=True)
class Tally:
    """`events`: numbered ones of the runner. `scripted`: marks found. The rest should be 0."""

    events: int
    scripted: int
    lost: int
    doubled: int
    disordered: int
    gaps: int
    prompts: int
    prompts_seen: int
    boots: int

    @property
    def clean(self) -> bool:
        """Everything is there once and in order, the prompt was handed over once, in one boot."""
        faults = self.lost + self.doubled + self.disordered + self.gaps
        return faults == 0 and (self.prompts, self.prompts_seen, self.boots) == (1, 1, 1)


def marked_steps(turns: int, a_turn: int, **more: object) -> list[dict[str, Any]]:
    """A script of `turns` requests, each with `a_turn` texts that carry a mark and one command."""
    tool = {"tool": "Bash", "input": {"command": "true"}}
    return [
        {"blocks": [{"repeat": a_turn, "text": f"<{turn}/<<i>>>"}, tool], **more}
        for turn in range(1, turns + 1)
    ]


def count(manager: LiveManager, agent_id: str, turns: int, a_turn: int) -> Tally:
    """Compare one agent's transcript with the script that `marked_steps` made."""
    rows = manager.rows(
        "SELECT seq, source_seq, type, metadata FROM messages WHERE agent_id = ? ORDER BY seq",
        agent_id,
    )
    logged = manager.rows("SELECT source_seq FROM session_log WHERE agent_id = ?", agent_id)
    numbers = [row["source_seq"] for row in rows if row["source_seq"] is not None]
    agent = manager.rows("SELECT boot FROM agents WHERE id = ?", agent_id)[0]
    everything = sorted(numbers + [row["source_seq"] for row in logged])
    gaps = sum(a != b for a, b in zip(everything, range(1, len(everything) + 1), strict=True))
    gaps += sum(row["seq"] != at for at, row in enumerate(rows, 1))
    events = [json.loads(row["metadata"]) for row in rows]
    marks = [
        (int(found[1]), int(found[2]))
        for event in events
        if event["type"] == "output" and event.get("msgType", "text") == "text"
        for found in _MARK.finditer(event.get("content", ""))
    ]
    wanted = [(turn, part) for turn in range(1, turns + 1) for part in range(1, a_turn + 1)]
    times = Counter(marks)
    return Tally(
        events=len(everything),
        scripted=len(marks),
        lost=sum(times[mark] == 0 for mark in wanted),
        doubled=sum(n - 1 for n in times.values()),
        disordered=sum(a > b for a, b in pairwise(marks))
        + sum(a > b for a, b in pairwise(numbers)),
        gaps=gaps,
        prompts=sum(e.get("msgType") == "user_input" for e in events),
        prompts_seen=sum(e["type"] == "chat_seen" for e in events),
        boots=int(agent["boot"]),
    )
