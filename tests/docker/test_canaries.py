"""Secrets of the manager, and of other agents, are found nowhere an agent or a bystander looks."""

import hashlib
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

import pytest

from autosclaw.testing.image import agent_image
from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig, rig

pytestmark = [pytest.mark.docker, pytest.mark.cli]

PROBE = (Path(__file__).parent / "probe.py").read_text()
SHAPE = re.compile(rb"cnry7k3-([a-z]+)-[0-9a-f]{16}")
HEX = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# Broken by quotes, so that only the shell puts it together.
PLANT = "export PLANTED='cnry''7k3-planted-0123456789abcdef'; echo $PLANTED > /tmp/planted; "


def canary(kind: str) -> str:
    return f"cnry7k3-{kind}-{secrets.token_hex(8)}"


def kinds_in(data: bytes, tokens: dict[str, str]) -> set[str]:
    """Which secrets stand in these bytes: canaries by shape, tokens by their hash."""
    hashes = (hashlib.sha256(match[0]).hexdigest() for match in HEX.finditer(data))
    shaped = {match[1].decode() for match in SHAPE.finditer(data)}
    return shaped | {tokens[digest] for digest in hashes if digest in tokens}


def test_the_search_finds_what_it_looks_for() -> None:
    token = secrets.token_hex(32)
    tokens = {hashlib.sha256(token.encode()).hexdigest(): "token"}
    assert kinds_in(f"a {token} b {canary('jwt')}".encode(), tokens) == {"token", "jwt"}
    assert kinds_in(f"{token}0 cnry7k3-jwt-1".encode(), tokens) == set()


async def test_no_canary_is_found(tmp_path: Path) -> None:
    values = {kind: canary(kind) for kind in ("provider", "jwt", "password")}
    settings = {
        "JWT_SECRET": f"{values['jwt']}-and-long-enough",
        "LOG_DIR": str(tmp_path / "logs"),
        "LOG_LEVEL": "debug",
    }
    keys = {"key": values["provider"], "password": values["password"]}
    async with rig(tmp_path, agent_image(os.environ), **keys, **settings) as live:
        told, tokens, agents = await _probed(live)
        inside = {(kind, where) for kind, where in told["found"]}
        assert {kind for kind, _ in inside} == {"planted"}, inside
        # The probe does find what is there: in environments, in memory and on disk.
        places = {where for _, where in inside}
        assert {"/proc/N/environ", "/proc/N/mem", "/tmp/planted"} <= places
        assert told["looked"]["files"] > 5_000
        _runner_is_closed(told)
        await _bystanders_see_nothing(live, tokens, agents)
    _files_hold_nothing(tmp_path, tokens)
    assert live.model.requests > 0


async def _probed(live: Rig) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """What the probe told; SHA-256 of the agents' tokens → whose; the agents."""
    person = live.person
    write = {"tool": "Write", "input": {"file_path": "/work/probe.py", "content": PROBE}}
    other = await person.spawn(script("here"), keepAliveSeconds=None)
    agent = await person.spawn(script(write, "ready"), keepAliveSeconds=None)
    for one in (other, agent):
        await person.said(one, lambda e: e.get("msgType") == "result_success", "it is ready")
    rows = live.manager.rows("SELECT id, token FROM agents")
    tokens = {row["token"]: "own" if row["id"] == agent else "other" for row in rows}
    assert len(tokens) == 2
    known = " ".join(f"{digest}={kind}" for digest, kind in tokens.items())
    await person.chat(agent, script(bash(f"{PLANT}python3 /work/probe.py {known}")))
    result = await person.said(
        agent, lambda e: e["type"] == "tool_result" and '"looked"' in e["content"], "it looked", 110
    )
    told = json.loads(result["content"][result["content"].index("{") :])
    print(f"\nthe probe looked at {told['looked']}, was denied {told['denied']}")
    return told, tokens, [agent, other]


def _runner_is_closed(told: dict[str, Any]) -> None:
    """The runner holds this agent's token: nobody in the container sees into it."""
    denied = {(part, "autosclaw.runner" in title) for part, title in told["denied"]}
    assert {("environ", True), ("mem", True), ("fd", True)} <= denied


async def _bystanders_see_nothing(live: Rig, tokens: dict[str, str], agents: list[str]) -> None:
    boxes = await live.containers.all()
    for agent in agents:
        document = boxes[agent]
        assert not kinds_in(json.dumps(document).encode(), tokens), "docker inspect"
        logged = await live.containers.logs(document["Id"])
        assert not kinds_in(logged, tokens), "docker logs"
        events = json.dumps(await live.person.events(agent)).encode()
        assert not kinds_in(events, tokens), "transcript"
        for pid, command in await live.containers.processes(document["Id"]):
            seen = command.encode() + _environment(pid)
            assert kinds_in(seen, tokens) <= {"planted"}, command
    assert not kinds_in(_all_command_lines(), tokens), "ps"


def _environment(pid: int) -> bytes:
    """Of a container's process, as root of this machine sees it; empty for anybody else."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _all_command_lines() -> bytes:
    lines: list[bytes] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes())
        except OSError:
            continue
    return b"\n".join(lines)


def _files_hold_nothing(folder: Path, tokens: dict[str, str]) -> None:
    """The database with its log, everything else in DATA_DIR, LOG_DIR and what was printed."""
    looked = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.name for path in looked}
    assert {"autosclaw.db", "manager.log"} <= names
    assert any(path.parent.name == "logs" and path.stat().st_size for path in looked)
    for path in looked:
        assert not kinds_in(path.read_bytes(), tokens), path
