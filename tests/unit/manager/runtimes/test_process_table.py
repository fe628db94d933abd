"""A process is known by more than its number."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autosclaw.manager.runtimes.process_table import (
    exists,
    identify,
    kill,
    members,
    runs,
    terminate,
)

# A name with spaces and parentheses, which stands unescaped in /proc/<pid>/stat.
PROGRAM = """
import ctypes, signal
ctypes.CDLL(None).prctl(15, b") R 1 (x y", 0, 0, 0)
print(flush=True)
signal.pause()
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environ = {"HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_runs_until_it_is_dead_and_exists_until_it_is_reaped(
    child: "subprocess.Popen[bytes]",
) -> None:
    identity = identify(child.pid)
    assert identity is not None
    assert runs(identity)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert (runs(identity), exists(identity)) == (False, True)
    child.wait()
    assert (runs(identity), exists(identity)) == (False, False)
    assert identify(child.pid) is None


def test_a_reused_number_is_another_process(
    child: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    now = identify(child.pid)
    assert now is not None
    elsewhere = tmp_path / "another-home"
    for other in (
        replace(now, started_ticks=now.started_ticks + 1),
        replace(now, machine_boot="another boot"),
    ):
        assert (runs(other), exists(other)) == (False, False)
        assert members(other, elsewhere) == []
        terminate(other)
        kill(other, elsewhere)
    assert child.poll() is None
    assert members(now, elsewhere) == [child.pid]


def test_a_box_is_found_by_its_home_when_its_leader_is_gone(
    child: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    now = identify(child.pid)
    assert now is not None
    gone = replace(now, pid=2**22 + 1)
    assert members(gone, tmp_path / "home") == [child.pid]
    assert members(gone, tmp_path / "hom") == []
    kill(gone, tmp_path / "home")
    assert child.wait(10) == -9
