"""What local processes need beyond the suite: no stranger is hit, none of ours is left."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from autosclaw.manager.runtimes import process_boxes
from autosclaw.manager.runtimes.base import BoxState, RuntimeRejected, RuntimeUnavailable
from autosclaw.manager.runtimes.process import ProcessRuntime
from autosclaw.manager.runtimes.process_table import identify, runs
from autosclaw.protocol.ids import new_id
from autosclaw.testing.conformance import ended, refused, seen_by_box, spec, spool, until
from autosclaw.testing.runtime_harness import PROGRAM, ProcessHarness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ProcessHarness]:
    harness = ProcessHarness(tmp_path, sys.executable)
    yield harness
    await harness.close()


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A program of somebody else, in a session of its own."""
    command = [sys.executable, "-c", "import signal; print(flush=True); signal.pause()"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def folder(harness: ProcessHarness, installation: str, agent_id: str) -> Path:
    return harness.data_dir(installation) / "boxes" / agent_id


async def gone(pid: int) -> None:
    async def over() -> bool:
        identity = identify(pid)
        return identity is None or not runs(identity)

    await until(over, f"process {pid} ended")


async def test_a_process_that_left_the_session_dies_with_its_box(harness: ProcessHarness) -> None:
    runtime, agent_id = harness.runtime(new_id()), new_id()
    await runtime.start(spec(agent_id, child=True))
    child = (await seen_by_box(runtime, agent_id))["child"]
    assert os.getsid(child) == child
    await runtime.stop(agent_id, 5)
    await gone(child)


async def test_nothing_of_a_replaced_boot_runs_on(harness: ProcessHarness) -> None:
    runtime, agent_id = harness.runtime(new_id()), new_id()
    await runtime.start(spec(agent_id, boot=1, child=True, on_term="ignore"))
    before = await seen_by_box(runtime, agent_id)
    await runtime.start(spec(agent_id, boot=2))
    for pid in (before["pid"], before["child"]):
        identity = identify(pid)
        assert identity is None or not runs(identity)


async def test_what_a_dead_runner_left_behind_is_ended_when_it_is_seen(
    harness: ProcessHarness,
) -> None:
    runtime, agent_id = harness.runtime(new_id()), new_id()
    await runtime.start(spec(agent_id, child=True))
    seen = await seen_by_box(runtime, agent_id)
    os.kill(seen["pid"], signal.SIGKILL)
    assert (await ended(runtime, agent_id)).exit_code == 128 + signal.SIGKILL
    await gone(seen["child"])


@pytest.mark.parametrize("kept", ["started_ticks", "machine_boot"])
async def test_a_stale_id_that_another_program_has_now_is_never_killed(
    harness: ProcessHarness, stranger: "subprocess.Popen[bytes]", kept: str
) -> None:
    """After a restart the state names a pid; here it is a stranger's, with one mark right."""
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id, exit=0))
    await ended(runtime, agent_id)
    now = identify(stranger.pid)
    assert now is not None
    path = folder(harness, installation, agent_id) / "state.json"
    state: dict[str, Any] = json.loads(path.read_text())
    marks = {"pid": now.pid, "started_ticks": now.started_ticks - 1, "machine_boot": "another"}
    state["process"] = {**marks, kept: getattr(now, kept)}
    state["exit_code"] = None
    path.write_text(json.dumps(state))
    restarted = harness.runtime(installation)
    assert [box.state for box in await restarted.list()] == [BoxState.EXITED]
    await restarted.stop(agent_id, 1)
    await restarted.stop(agent_id, 0)
    await restarted.remove(agent_id)
    assert stranger.poll() is None


async def test_boxes_survive_a_manager_that_is_killed(
    harness: ProcessHarness, tmp_path: Path
) -> None:
    """The manager is a process of its own here, ended without a chance to do anything."""
    installation, agent_id = new_id(), new_id()
    data_dir = harness.data_dir(installation)
    program = tmp_path / "box.py"
    program.write_text(PROGRAM)
    manager = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from autosclaw.manager.runtimes.process import ProcessRuntime\n"
        "from autosclaw.testing.conformance import spec\n"
        "async def main():\n"
        "    runtime = ProcessRuntime(Path(sys.argv[1]), command=(sys.executable, sys.argv[2]))\n"
        "    await runtime.start(spec(sys.argv[3], child=True))\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", manager, str(data_dir), str(program), agent_id]
    result = await asyncio.to_thread(subprocess.run, command, timeout=60, check=False)
    assert result.returncode == -signal.SIGKILL
    runtime = harness.runtime(installation)
    seen = await seen_by_box(runtime, agent_id)
    assert [box.state for box in await runtime.list()] == [BoxState.RUNNING]
    await runtime.stop(agent_id, 5)
    await gone(seen["pid"])
    await gone(seen["child"])
    # It was another process's child: nobody can know how it ended.
    assert (await runtime.inspect(agent_id)).exit_code is None


async def test_an_exit_code_is_kept_over_a_restart(harness: ProcessHarness) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id, exit=4))
    await ended(runtime, agent_id)
    await runtime.close()
    assert [box.exit_code for box in await harness.runtime(installation).list()] == [4]


async def test_a_box_inherits_nothing_of_the_managers_settings(
    harness: ProcessHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-key")
    monkeypatch.setenv("JWT_SECRET", "canary-secret")
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id))
    await seen_by_box(runtime, agent_id)
    evidence = await harness.evidence(installation, agent_id)
    assert b"canary" not in evidence
    assert str(folder(harness, installation, agent_id) / "home").encode() in evidence


async def test_only_this_user_may_look_into_a_box(harness: ProcessHarness) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id, exit=0))
    await ended(runtime, agent_id)
    box = folder(harness, installation, agent_id)
    for path in (box.parent, box, box / "work", box / "spool", box / "home"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((box / "runner.log").stat().st_mode) == 0o600


async def test_a_log_does_not_grow_without_end(
    harness: ProcessHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_boxes, "LOG_BYTES", 1000)
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id))
    await seen_by_box(runtime, agent_id)
    log = folder(harness, installation, agent_id) / "runner.log"
    log.write_bytes(b"x" * 900)
    await runtime.list()
    assert log.stat().st_size == 900
    log.write_bytes(b"x" * 1100)
    await runtime.list()
    assert log.stat().st_size == 0


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
async def test_what_stands_in_for_a_spool_is_not_read(harness: ProcessHarness, kind: str) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id, exit=0, no_spool=True))
    await ended(runtime, agent_id)
    path = folder(harness, installation, agent_id) / "spool" / "events.jsonl"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    async with asyncio.timeout(10):
        assert await spool(runtime, agent_id) == b""


async def test_a_runner_that_cannot_be_started_is_refused_in_words(tmp_path: Path) -> None:
    runtime, agent_id = ProcessRuntime(tmp_path, "/no/such/python"), new_id()
    assert "cannot be started" in await refused(RuntimeRejected, runtime.start(spec(agent_id)))
    assert [box.state for box in await runtime.list()] == [BoxState.CREATED]
    await runtime.remove(agent_id)
    assert await runtime.list() == []


async def test_a_box_that_never_reads_its_bootstrap_is_no_endless_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = ("-c", "import signal; signal.pause()")
    runtime, agent_id = ProcessRuntime(tmp_path, command=(sys.executable, *deaf)), new_id()
    monkeypatch.setattr("autosclaw.manager.runtimes.process.FEED_SECONDS", 0.2)
    with pytest.raises(RuntimeUnavailable, match="did not read"):
        await runtime.start(spec(agent_id, padding="p" * 300_000))
    await runtime.stop(agent_id, 0)
    await runtime.remove(agent_id)
    await runtime.close()
