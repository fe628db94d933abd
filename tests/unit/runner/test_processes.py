"""Everything an agent left behind is found and ended; nothing else is touched."""

import json
import subprocess
import sys

_FAMILY = """
import json, os, subprocess, sys, time
from pathlib import Path
from autosclaw.runner import narrow, processes

narrow.adopt_orphans()
spared = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
# A daemon with a child: its own session, its parent gone.
shell = "setsid sh -c 'sleep 600 & echo $$ $!; wait' & wait"
parent = subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, text=True)
daemon, child = map(int, parent.stdout.readline().split())
parent.kill()
parent.wait()
while int(Path(f"/proc/{daemon}/stat").read_text().rsplit(")", 1)[1].split()[1]) != os.getpid():
    time.sleep(0.01)
found = sorted(processes.descendants())
killed = processes.kill_all(spare=spared.pid)
while Path(f"/proc/{daemon}").exists() or Path(f"/proc/{child}").exists():
    processes.reap_orphans(spared.pid)
    time.sleep(0.01)
alive = spared.poll() is None
spared.communicate(b"\\n")
print(json.dumps({
    "found": found == sorted([spared.pid, daemon, child]), "killed": killed, "spared": alive,
    "code": spared.returncode,
}))
"""


def test_orphans_are_found_and_killed_but_not_who_is_spared() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FAMILY], capture_output=True, timeout=60, check=True, text=True
    )
    assert json.loads(done.stdout) == {"found": True, "killed": 2, "spared": True, "code": 0}


def test_others_are_not_descendants() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        code = (
            "import sys; from autosclaw.runner import processes;"
            f"assert {other.pid} not in processes.descendants(); assert processes.kill_all() == 0"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
        assert other.poll() is None
        other.communicate(b"\n")
    assert other.returncode == 0
