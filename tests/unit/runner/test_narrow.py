"""Rights that are gone are gone, also for another process of the same user."""

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from autosclaw.runner import narrow

_NOBODY = 10001
_VICTIM = """
import sys
from autosclaw.runner import narrow
if sys.argv[1] == "hidden":
    narrow.hide_memory()
secret = sys.stdin.readline()
print("ready", flush=True)
sys.stdin.read()
"""
_THIEF = """
import json, os, sys
found = {}
for name in ("environ", "mem", "maps"):
    try:
        with open(f"/proc/{sys.argv[1]}/{name}", "rb") as file:
            found[name] = len(file.read(1)) if name != "mem" else 1
    except OSError as error:
        found[name] = error.strerror
try:
    found["fd"] = len(os.listdir(f"/proc/{sys.argv[1]}/fd"))
except OSError as error:
    found["fd"] = error.strerror
print(json.dumps(found))
"""
_NARROWED = """
import ctypes, errno, json, socket, subprocess, sys
from autosclaw.runner import narrow
if not narrow.refuse_kernel_surface():
    print(json.dumps("unknown machine"))
    sys.exit()
libc = ctypes.CDLL(None, use_errno=True)
def attempt(call):
    return errno.errorcode[ctypes.get_errno()] if call() < 0 else "allowed"
def vsock():
    try:
        socket.socket(40, socket.SOCK_STREAM).close()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "allowed"
socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()
child = "import socket\\ntry: socket.socket(40, 1)\\nexcept PermissionError: print('EPERM')"
print(json.dumps({
    "io_uring_setup": attempt(lambda: libc.syscall(425, 1, None)),
    "vsock": vsock(),
    "child": subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout,
}))
"""


@cache
def as_one_user() -> list[str]:
    """How to run programs as one ordinary user. Root would be allowed to look."""
    if os.geteuid() != 0:
        return []
    drop = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    drop += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    probe = subprocess.run(
        [*drop, sys.executable, "-c", "import autosclaw.runner.narrow"], capture_output=True
    )
    if probe.returncode != 0:
        pytest.skip("another user cannot run this interpreter")
    return drop


def look_at(victim_mode: str) -> dict[str, object]:
    with subprocess.Popen(
        [*as_one_user(), sys.executable, "-c", _VICTIM, victim_mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as victim:
        assert victim.stdin is not None
        assert victim.stdout is not None
        victim.stdin.write(b"secret\n")
        victim.stdin.flush()
        assert victim.stdout.readline() == b"ready\n"
        thief = subprocess.run(
            [*as_one_user(), sys.executable, "-c", _THIEF, str(victim.pid)],
            capture_output=True,
            check=True,
        )
        victim.stdin.close()
    return json.loads(thief.stdout)


def test_hidden_memory_cannot_be_read_by_the_same_user() -> None:
    assert look_at("hidden") == dict.fromkeys(("environ", "mem", "maps", "fd"), "Permission denied")


def test_without_hiding_it_could() -> None:
    """The test above sees something when there is something to see."""
    seen = look_at("open")
    assert seen["environ"] == 1
    assert isinstance(seen["fd"], int)


def test_kernel_surface_is_refused_and_children_inherit_that() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _NARROWED], capture_output=True, check=True, text=True
    )
    found = json.loads(done.stdout)
    if found == "unknown machine":
        pytest.skip(found)
    assert found == {"io_uring_setup": "EPERM", "vsock": "EPERM", "child": "EPERM\n"}


def test_an_unknown_machine_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "pdp11")
    assert narrow.refuse_kernel_surface() is False
