"""What only containers promise: hardening, foreign containers, memory, the engine's own faults."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from autosclaw.manager.runtimes.base import (
    Box,
    BoxEvent,
    BoxSpec,
    BoxState,
    Runtime,
    RuntimeGone,
    RuntimeRejected,
    RuntimeUnavailable,
)
from autosclaw.manager.runtimes.docker import DockerRuntime
from autosclaw.manager.runtimes.docker_spec import LABEL_AGENT, Naming
from autosclaw.protocol.bootstrap import BOOTSTRAP_BYTES
from autosclaw.protocol.ids import new_id
from autosclaw.testing.conformance import ended, refused, seen_by_box, spec, spool
from autosclaw.testing.runtime_harness import DockerHarness

from .engines import docker_engine
from .proxy import EngineProxy

pytestmark = pytest.mark.docker

# Tells in its spool what a box may do; run instead of the box program.
INSIDE = """
import json, os, socket, sys
sys.stdin.readline()
lines = open('/proc/self/status').read().splitlines()
status = dict(line.split(':\\t', 1) for line in lines if ':\\t' in line)
def tried(act):
    try:
        act()
    except OSError as error:
        return error.strerror
    return 'allowed'
def put(path):
    open(path, 'w').close()
told = {
    'uid': os.getuid(), 'gid': os.getgid(), 'groups': os.getgroups(),
    'caps': [status[k] for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')],
    'no_new_privs': status['NoNewPrivs'], 'seccomp': status['Seccomp'],
    'etc': tried(lambda: put('/etc/x')), 'opt': tried(lambda: put('/opt/x')),
    'tmp': tried(lambda: put('/tmp/x')), 'work': tried(lambda: put('/work/x')),
    'home': tried(lambda: put('/home/agent/x')),
    'raw': tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    'sockets': [p for p in ('/var/run/docker.sock', '/run/docker.sock') if os.path.exists(p)],
}
os.write(os.open('/spool/events.jsonl', os.O_WRONLY | os.O_CREAT), json.dumps(told).encode())
"""

# Listens, and tries to reach what it is told to.
LISTENING = """
import json, os, socket, sys, time
orders = json.loads(sys.stdin.readline())
server = socket.create_server(('0.0.0.0', 8000))
def call(target):
    try:
        socket.create_connection(target, timeout=2).close()
    except OSError as error:
        return error.strerror or str(error)
    return 'reached'
told = {
    'address': socket.gethostbyname(socket.gethostname()),
    'tried': [call(tuple(target)) for target in orders.get('call', [])],
}
os.write(os.open('/spool/new', os.O_WRONLY | os.O_CREAT), json.dumps(told).encode() + b'\\n')
os.rename('/spool/new', '/spool/events.jsonl')
time.sleep(60)
"""


@pytest.fixture
async def harness() -> AsyncIterator[DockerHarness]:
    harness = DockerHarness(*docker_engine())
    yield harness
    await harness.close()


def with_command(harness: DockerHarness, *command: str, url: str | None = None) -> DockerRuntime:
    installation = new_id()
    harness.runtime(installation)
    return DockerRuntime(installation, harness.image, url=url or harness.url, command=command)


async def test_a_box_has_no_power(harness: DockerHarness) -> None:
    runtime, agent_id = with_command(harness, "python3", "-c", INSIDE), new_id()
    await runtime.start(spec(agent_id))
    assert (await ended(runtime, agent_id)).exit_code == 0
    told: dict[str, Any] = json.loads(await spool(runtime, agent_id))
    await runtime.close()
    assert (told["uid"], told["gid"], set(told["groups"]) - {10001}) == (10001, 10001, set())
    assert {int(caps, 16) for caps in told["caps"]} == {0}
    assert (told["no_new_privs"], told["seccomp"]) == ("1", "2")
    assert told["etc"] == told["opt"] == "Read-only file system"
    assert told["tmp"] == told["work"] == told["home"] == "allowed"
    assert told["raw"] == "Operation not permitted"
    assert told["sockets"] == []


async def test_a_box_that_eats_too_much_is_killed_and_says_so(harness: DockerHarness) -> None:
    runtime, agent_id = harness.runtime(new_id()), new_id()
    line = spec(agent_id, eat_bytes=400 << 20).bootstrap
    await runtime.start(BoxSpec(agent_id, 1, line, memory_bytes=64 << 20))
    assert await ended(runtime, agent_id) == Box(agent_id, 1, BoxState.EXITED, 137, oom_killed=True)


async def test_the_largest_bootstrap_arrives(harness: DockerHarness) -> None:
    runtime, agent_id = harness.runtime(new_id()), new_id()
    frame = len(spec(agent_id, padding="").bootstrap)
    await runtime.start(spec(agent_id, padding="p" * (BOOTSTRAP_BYTES - frame)))
    assert (await seen_by_box(runtime, agent_id))["length"] == BOOTSTRAP_BYTES


async def test_a_container_with_our_name_but_not_our_label_is_left_alone(
    harness: DockerHarness,
) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.check()
    name = Naming(installation).container(agent_id)
    body = {"Image": harness.image, "Labels": {LABEL_AGENT: agent_id}, "Cmd": ["sleep", "60"]}
    params = {"name": name}
    await harness.engine.call("make it", "POST", "/containers/create", params=params, body=body)
    try:
        assert await runtime.list() == []
        await refused(RuntimeGone, runtime.stop(agent_id, 0))
        await runtime.remove(agent_id)
        sentence = await refused(RuntimeRejected, runtime.start(spec(agent_id)))
        assert name in sentence
        await harness.engine.call("look", "GET", f"/containers/{name}/json")
    finally:
        await harness.engine.call("take it away", "DELETE", f"/containers/{name}")


async def test_a_start_that_cannot_work_is_rejected_and_leaves_nothing(
    harness: DockerHarness,
) -> None:
    runtime, agent_id = with_command(harness, "no-such-program"), new_id()
    runtime_without_image = DockerRuntime("x", "autosclaw/no-such-image:1", url=harness.url)
    assert "no-such-image" in await refused(RuntimeRejected, runtime_without_image.check())
    runtime_without_oci = DockerRuntime("x", harness.image, url=harness.url, oci_runtime="nope")
    assert "nope" in await refused(RuntimeRejected, runtime_without_oci.check())
    # tini is found and fails to find the program, so the box starts and ends.
    await runtime.start(spec(agent_id))
    assert (await ended(runtime, agent_id)).exit_code == 127
    for one in (runtime, runtime_without_image, runtime_without_oci):
        await one.close()


async def test_a_box_that_was_never_started_is_removed(harness: DockerHarness) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    naming = Naming(installation)
    body = {"Image": harness.image, "Labels": naming.labels(spec(agent_id))}
    params = {"name": naming.container(agent_id)}
    await harness.engine.call("make it", "POST", "/containers/create", params=params, body=body)
    assert await runtime.list() == [Box(agent_id, 1, BoxState.CREATED)]
    await runtime.stop(agent_id, 1)
    assert await spool(runtime, agent_id) == b""
    await runtime.remove(agent_id)
    assert await runtime.list() == []


async def test_removing_a_box_removes_its_volumes(harness: DockerHarness) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.start(spec(agent_id, exit=0))
    await ended(runtime, agent_id)
    name = Naming(installation).container(agent_id)
    document = await harness.engine.call("look", "GET", f"/containers/{name}/json")
    volumes = {mount["Name"] for mount in document["Mounts"] if mount["Type"] == "volume"}
    assert len(volumes) == 2
    await runtime.remove(agent_id)
    answer = await harness.engine.call("list volumes", "GET", "/volumes")
    assert not volumes & {volume["Name"] for volume in answer["Volumes"] or []}


@pytest.mark.parametrize("put", ["os.symlink('/etc/passwd', S)", "os.mkdir(S)", "os.mkfifo(S)"])
async def test_what_stands_in_for_a_spool_is_not_read(harness: DockerHarness, put: str) -> None:
    program = f"import os, sys; sys.stdin.readline(); S = '/spool/events.jsonl'; {put}"
    runtime, agent_id = with_command(harness, "python3", "-c", program), new_id()
    await runtime.start(spec(agent_id))
    assert (await ended(runtime, agent_id)).exit_code == 0
    assert await spool(runtime, agent_id) == b""
    await runtime.close()


async def test_managers_that_start_at_once_make_one_network(
    harness: DockerHarness,
) -> None:
    installation = new_id()
    makers = [harness.runtime(installation) for _ in range(4)]
    gateways = await asyncio.gather(*(maker.manager_host() for maker in makers))
    assert len(set(gateways)) == 1
    filters = json.dumps({"name": [Naming(installation).network]})
    params = {"filters": filters}
    networks = await harness.engine.call("list", "GET", "/networks", params=params)
    assert len(networks) == 1
    assert networks[0]["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    for maker in makers[:-1]:
        await maker.close()


async def test_boxes_reach_this_machine_but_not_each_other(harness: DockerHarness) -> None:
    listening = with_command(harness, "python3", "-c", LISTENING)
    neighbour, caller = new_id(), new_id()
    await listening.start(spec(neighbour))
    address = (await seen_by_box(listening, neighbour))["address"]
    manager = await listening.manager_host()
    server = await asyncio.start_server(lambda _, writer: writer.close(), manager, 0)
    port = server.sockets[0].getsockname()[1]
    targets = [[address, 8000], [manager, port], ["127.0.0.1", 1]]
    await listening.start(spec(caller, call=targets))
    tried = (await seen_by_box(listening, caller))["tried"]
    server.close()
    await server.wait_closed()
    await listening.close()
    assert tried == ["timed out", "reached", "Connection refused"]


async def test_a_network_that_was_pruned_is_made_again(harness: DockerHarness) -> None:
    installation, agent_id = new_id(), new_id()
    runtime = harness.runtime(installation)
    await runtime.check()
    listening_at = await runtime.manager_host()
    name = Naming(installation).network
    await harness.engine.call("prune it", "DELETE", f"/networks/{name}")
    other = harness.runtime(new_id())  # would get the subnet that has become free
    await refused(RuntimeUnavailable, runtime.start(spec(agent_id)))
    await runtime.start(spec(agent_id))
    await seen_by_box(runtime, agent_id)
    assert await runtime.manager_host() == listening_at
    assert await other.manager_host() != listening_at


async def test_a_network_goes_only_when_nobody_is_on_it(harness: DockerHarness) -> None:
    runtime, agent_id = harness.runtime(new_id()), new_id()
    await runtime.start(spec(agent_id))
    await refused(RuntimeRejected, runtime.remove_network())
    await runtime.stop(agent_id, 0)
    await runtime.remove(agent_id)
    await runtime.remove_network()
    await runtime.remove_network()
    await runtime.check()


async def test_hints_go_on_after_the_connection_was_cut(
    harness: DockerHarness, tmp_path: Path
) -> None:
    installation, agent_id = new_id(), new_id()
    direct = harness.runtime(installation)
    await direct.check()
    async with EngineProxy(tmp_path / "engine.sock", harness.url) as proxy:
        runtime = DockerRuntime(installation, harness.image, url=proxy.url)
        async with aclosing(runtime.watch()) as hints:  # pyright: ignore
            async with asyncio.timeout(60):
                assert await anext(hints) == BoxEvent(None)
                await proxy.cut()
                await refused(RuntimeUnavailable, runtime.list())
                await direct.start(spec(agent_id))
                await proxy.mend()
                assert await anext(hints) == BoxEvent(None)
                assert (await runtime.list())[0].agent_id == agent_id
                await direct.stop(agent_id, 0)
                assert await anext(hints) == BoxEvent(agent_id)
        await runtime.close()


async def test_a_manager_that_dies_before_the_bootstrap_leaves_no_waiting_box(
    harness: DockerHarness,
) -> None:
    """The input is closed with the connection, which is the end of file for the runner."""
    installation, agent_id = new_id(), new_id()
    runtime: Runtime = harness.runtime(installation)
    endless = BoxSpec(agent_id, 1, spec(agent_id).bootstrap.rstrip(b"\n"), memory_bytes=64 << 20)
    await runtime.start(endless)
    assert (await ended(runtime, agent_id)).exit_code == 70
