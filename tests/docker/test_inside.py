"""What a container gives an agent, as the agent's own commands see it, and how its limits end."""

import json
from typing import Any

import pytest

from autosclaw.testing.live_client import bash, script
from autosclaw.testing.rig import Rig

pytestmark = [pytest.mark.docker, pytest.mark.cli]

LOOK = """
import json, os
lines = open('/proc/self/status').read().splitlines()
status = dict(line.split(':\\t', 1) for line in lines if ':\\t' in line)
def tried(path):
    try:
        open(path, 'w').close()
    except OSError as error:
        return error.strerror
    return 'allowed'
def first(*paths):
    return next((open(p).read().strip() for p in paths if os.path.exists(p)), None)
mounts = [line.split() for line in open('/proc/mounts')]
setuid = [os.path.join(f, n) for f, _, ns in os.walk('/usr') for n in ns
          if os.lstat(os.path.join(f, n)).st_mode & 0o6000]
print(json.dumps({
    'ids': [os.getuid(), os.getgid(), os.geteuid()], 'groups': os.getgroups(),
    'caps': [status[k] for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')],
    'no_new_privs': status['NoNewPrivs'], 'seccomp': status['Seccomp'],
    'root': next(m[3].split(',')[0] for m in mounts if m[1] == '/'),
    'writes': {p: tried(p) for p in ('/etc/x', '/opt/agent/x', '/usr/bin/x', '/work/x', '/tmp/x',
                                     '/home/agent/x')},
    'pids': first('/sys/fs/cgroup/pids.max', '/sys/fs/cgroup/pids/pids.max'),
    'memory': first('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'),
    'sockets': [p for p in ('/var/run/docker.sock', '/run/docker.sock') if os.path.exists(p)],
    'setuid': setuid, 'pid1': open('/proc/1/cmdline').read().split('\\0')[0],
}))
"""
EAT = "python3 -c 'b = bytearray(900 << 20); print(len(b))'; echo ended with $?"
# All processes but the command itself are made the kernel's first choice.
EAT_CLI = """python3 -c '
import os
for p in os.listdir("/proc"):
    if p.isdigit() and int(p) != os.getpid():
        try:
            open(f"/proc/{p}/oom_score_adj", "w").write("1000")
        except OSError:
            pass
b = bytearray(900 << 20)
'"""


async def _result(live: Rig, agent: str, word: str) -> dict[str, Any]:
    return await live.person.said(
        agent, lambda e: e["type"] == "tool_result" and word in e["content"], f"result: {word}"
    )


async def test_an_agent_has_no_power_over_its_container(contained: Rig) -> None:
    write = {"tool": "Write", "input": {"file_path": "/work/look.py", "content": LOOK}}
    agent = await contained.person.spawn(script(write, bash("python3 /work/look.py"), "done"))
    found = await _result(contained, agent, '"caps"')
    told = json.loads(found["content"])
    assert (told["ids"], set(told["groups"]) - {10001}) == ([10001] * 3, set())
    assert {int(caps, 16) for caps in told["caps"]} == {0}
    assert (told["no_new_privs"], told["seccomp"]) == ("1", "2")
    assert told["root"] == "ro"
    read_only = "Read-only file system"
    assert [told["writes"][p] for p in ("/etc/x", "/opt/agent/x", "/usr/bin/x")] == [read_only] * 3
    assert [told["writes"][p] for p in ("/work/x", "/tmp/x", "/home/agent/x")] == ["allowed"] * 3
    assert told["pids"] == "512"
    assert int(told["memory"]) == 2048 << 20
    assert (told["sockets"], told["setuid"], told["pid1"]) == ([], [], "/usr/bin/tini")


async def test_a_command_that_eats_all_memory_dies_alone(small: Rig) -> None:
    """The kernel takes the command; the agent hears of it and completes."""
    agent = await small.person.spawn(script(bash(EAT), "went on"))
    result = await _result(small, agent, "ended with")
    assert "ended with 137" in result["content"]
    ended = await small.person.ended(agent)
    assert (ended["state"], ended["exitReason"]) == ("completed", "Finished.")


async def test_a_container_without_memory_is_named(small: Rig) -> None:
    """The kernel takes the CLI, twice: the agent is given up, and the reason says why."""
    agent = await small.person.spawn(script(*[bash(EAT_CLI)] * 4, "went on"))
    ended = await small.person.ended(agent, 90)
    assert ended["state"] == "failed"
    assert "memory" in ended["exitReason"], ended["exitReason"]
