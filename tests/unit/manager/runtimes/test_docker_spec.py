"""The container a box becomes, and what an engine says of it."""

import json

import pytest

from autosclaw.manager.runtimes.base import Box, BoxSpec, BoxState
from autosclaw.manager.runtimes.docker_spec import (
    ContainerSettings,
    Naming,
    box_from_inspect,
    box_from_listing,
    create_body,
    network_body,
    podman_body,
    stop_seconds,
)

NAMING = Naming("0f0e0d0c-1111")
SPEC = BoxSpec("agent-1", 3, b'{"secret":"canary"}\n', memory_bytes=1 << 30, cpus=1.5, pids=99)


def test_a_box_is_hardened_and_bounded() -> None:
    body = create_body(NAMING, ContainerSettings("image:1", "runsc"), "net-id", SPEC)
    host = body["HostConfig"]
    assert body["User"] == "10001:10001"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"] is True
    assert set(host["Tmpfs"]) == {"/tmp", "/home/agent"}
    assert all("exec" in o and "nosuid" in o and "size=" in o for o in host["Tmpfs"].values())
    assert host["Memory"] == host["MemorySwap"] == 1 << 30
    assert (host["NanoCpus"], host["PidsLimit"]) == (1_500_000_000, 99)
    assert host["NetworkMode"] == "net-id"
    assert host["CgroupnsMode"] == "private"
    assert host["AutoRemove"] is False
    assert host["Runtime"] == "runsc"
    assert {limit["Name"] for limit in host["Ulimits"]} == {"nofile", "core"}
    assert set(body["Volumes"]) == {"/work", "/spool"}
    assert not {"Binds", "Mounts", "Privileged", "CapAdd", "Devices", "PidMode"} & set(host)
    assert (body["OpenStdin"], body["StdinOnce"], body["Tty"]) == (True, True, False)
    assert (body["AttachStdout"], body["AttachStderr"]) == (False, False)


@pytest.mark.parametrize("podman", [False, True])
def test_nothing_of_the_bootstrap_and_no_environment_is_in_the_body(podman: bool) -> None:
    body = create_body(NAMING, ContainerSettings("image:1"), "net-id", SPEC)
    if podman:
        body = podman_body(body)
    assert "canary" not in json.dumps(body)
    assert "Env" not in body
    assert "Cmd" not in body
    assert "Runtime" not in body["HostConfig"]


def test_podman_is_told_what_docker_is_not() -> None:
    body = create_body(NAMING, ContainerSettings("image:1"), "net-id", SPEC)
    host = podman_body(body)["HostConfig"]
    assert "nproc" in {limit["Name"] for limit in host["Ulimits"]}
    assert not any("uid=" in options for options in host["Tmpfs"].values())
    assert host["CapDrop"] == ["ALL"]
    # The original is left as it was.
    assert "nproc" not in {limit["Name"] for limit in body["HostConfig"]["Ulimits"]}


def test_names_and_labels_tell_whose_box_it_is() -> None:
    body = create_body(NAMING, ContainerSettings("image:1"), "net-id", SPEC)
    assert NAMING.container("agent-1") == "autosclaw-0f0e0d0c-1111-agent-1"
    assert NAMING.network == "autosclaw-0f0e0d0c"
    assert NAMING.owns(body["Labels"])
    assert not Naming("0f0e0d0c-2222").owns(body["Labels"])
    assert not NAMING.owns({"io.autosclaw.installation": "0f0e0d0c-1111"})
    assert not NAMING.owns({})


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("created", BoxState.CREATED),
        ("Configured", BoxState.CREATED),
        ("running", BoxState.RUNNING),
        ("paused", BoxState.RUNNING),
        ("exited", BoxState.EXITED),
        ("dead", BoxState.EXITED),
        ("a word of a later engine", BoxState.RUNNING),
    ],
)
def test_an_engines_words_become_states(word: str, state: BoxState) -> None:
    labels = NAMING.labels(SPEC)
    assert box_from_listing({"Labels": labels, "State": word}) == Box("agent-1", 3, state)
    document = {
        "Config": {"Labels": labels},
        "State": {"Status": word, "ExitCode": 137, "OOMKilled": True},
    }
    over = state is BoxState.EXITED
    assert box_from_inspect(document) == Box("agent-1", 3, state, 137 if over else None, over)


@pytest.mark.parametrize("boot", ["", "x", "-1", "1.5"])
def test_a_boot_that_nobody_wrote_is_older_than_all(boot: str) -> None:
    labels = {**NAMING.labels(SPEC), "io.autosclaw.boot": boot}
    assert box_from_listing({"Labels": labels, "State": "running"}).boot == 0


def test_the_network_separates_boxes() -> None:
    docker = network_body(NAMING, 1400, podman=False)
    assert docker["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert docker["Options"]["com.docker.network.driver.mtu"] == "1400"
    assert docker["Internal"] is False
    podman = network_body(NAMING, 1400, podman=True)
    assert podman["Options"] == {"isolate": "true", "mtu": "1400"}
    assert (
        "com.docker.network.driver.mtu" not in network_body(NAMING, None, podman=False)["Options"]
    )


@pytest.mark.parametrize(("grace", "whole"), [(0, 0), (-1, 0), (0.2, 1), (10, 10), (10.01, 11)])
def test_a_grace_is_never_shortened(grace: float, whole: int) -> None:
    assert stop_seconds(grace) == whole
