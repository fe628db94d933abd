"""What a box looks like to a Docker engine: names, labels, the hardened container, the network.

Pure: settings and a BoxSpec in, the engine's documents out, and back. Must not talk to an engine.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from autosclaw.manager.runtimes.base import Box, BoxSpec, BoxState

LABEL_INSTALLATION = "io.autosclaw.installation"
LABEL_AGENT = "io.autosclaw.agent"
LABEL_BOOT = "io.autosclaw.boot"

AGENT_USER = "10001:10001"
STOP_TIMEOUT_SECONDS = 10
OPEN_FILES = 4096
TMPFS_MIB = 256
# tmpfs is noexec unless told otherwise, and agents run what they build in /tmp.
_TMPFS = f"rw,exec,nosuid,nodev,size={TMPFS_MIB}m"
# Counts the processes of one user over all boxes: far above what they use.
_PODMAN_NPROC = {"Name": "nproc", "Soft": 32768, "Hard": 32768}
LOG_FILE_MIB = 5
LOG_FILES = 2

Json = dict[str, Any]

# An engine's word for a state -> ours. Podman's words are among them. A paused box is alive.
_STATES = {
    "created": BoxState.CREATED,
    "configured": BoxState.CREATED,
    "initialized": BoxState.CREATED,
    "running": BoxState.RUNNING,
    "paused": BoxState.RUNNING,
    "restarting": BoxState.RUNNING,
    "stopping": BoxState.RUNNING,
    "removing": BoxState.EXITED,
    "exited": BoxState.EXITED,
    "stopped": BoxState.EXITED,
    "dead": BoxState.EXITED,
}


@dataclass(frozen=True, slots=True)
class Naming:
    """Whose boxes these are: names and labels of one installation."""

    installation: str

    def container(self, agent_id: str) -> str:
        return f"autosclaw-{self.installation}-{agent_id}"

    @property
    def network(self) -> str:
        return f"autosclaw-{self.installation[:8]}"

    @property
    def label_filter(self) -> str:
        """`key=value`: the only form of a label filter that Podman knows as well."""
        return f"{LABEL_INSTALLATION}={self.installation}"

    def labels(self, spec: BoxSpec) -> dict[str, str]:
        return {
            LABEL_INSTALLATION: self.installation,
            LABEL_AGENT: spec.agent_id,
            LABEL_BOOT: str(spec.boot),
        }

    def owns(self, labels: Mapping[str, str]) -> bool:
        """Whether a container is one of this installation's boxes; its name proves nothing."""
        return labels.get(LABEL_INSTALLATION) == self.installation and LABEL_AGENT in labels


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """What all boxes of an installation have in common.

    command: replaces the image's own command (None: the runner).
    oci_runtime: the engine's name of another runtime, `runsc` for gVisor (None: its default).
    """

    image: str
    oci_runtime: str | None = None
    command: Sequence[str] | None = None


def create_body(
    naming: Naming, settings: ContainerSettings, network_id: str, spec: BoxSpec
) -> Json:
    """The body of `POST /containers/create`: no root, no capability, no writable image, bounded.

    It never holds anything of `spec.bootstrap`, nor a path of the host.
    """
    body: Json = {
        "Image": settings.image,
        "User": AGENT_USER,
        "WorkingDir": "/work",
        "Labels": naming.labels(spec),
        # Closing the one attached input is end-of-file for the runner: a manager that dies
        # between create and bootstrap leaves a box that ends by itself.
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": False,
        "AttachStderr": False,
        "Tty": False,
        "StopSignal": "SIGTERM",
        "StopTimeout": STOP_TIMEOUT_SECONDS,
        "Volumes": {"/work": {}, "/spool": {}},
        "HostConfig": _host_config(settings, network_id, spec),
    }
    if settings.command is not None:
        body["Cmd"] = list(settings.command)
    return body


def _host_config(settings: ContainerSettings, network_id: str, spec: BoxSpec) -> Json:
    host: Json = {
        "NetworkMode": network_id,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "Tmpfs": {
            "/tmp": f"{_TMPFS},mode=1777",  # noqa: S108
            "/home/agent": f"{_TMPFS},mode=0700,uid=10001,gid=10001",
        },
        "Memory": spec.memory_bytes,
        "MemorySwap": spec.memory_bytes,
        "NanoCpus": round(spec.cpus * 1e9),
        "PidsLimit": spec.pids,
        # No nproc: it counts a user's processes over all containers.
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "CgroupnsMode": "private",
        # The exit code and the spool are read first, then the manager removes the box.
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": f"{LOG_FILE_MIB}m", "max-file": str(LOG_FILES)},
        },
    }
    if settings.oci_runtime is not None:
        host["Runtime"] = settings.oci_runtime
    return host


def podman_body(body: Json) -> Json:
    """The same container for Podman, whose defaults differ.

    Its own default of `nproc` may be above what it is allowed to set, so a lower one is said. Its
    tmpfs takes no owner: a mode that lets the one user of the box in does the same. Its log takes
    no file count.
    """
    host: Json = dict(body["HostConfig"])
    host["Tmpfs"] = {path: _TMPFS + ",mode=1777" for path in host["Tmpfs"]}
    host["Ulimits"] = [*host["Ulimits"], _PODMAN_NPROC]
    host["LogConfig"] = {"Type": "k8s-file", "Config": {"max-size": f"{LOG_FILE_MIB}m"}}
    return {**body, "HostConfig": host}


def network_body(
    naming: Naming, mtu: int | None, podman: bool, addresses: list[Json] | None = None
) -> Json:
    """The body of `POST /networks/create`: a bridge on which boxes cannot reach each other.

    mtu: bytes, that of the machine's way out (None: the engine's default). Boxes need the
    internet, so the network is not internal. addresses: the subnet and gateway to have again.
    """
    if podman:
        options = {"isolate": "true"}
    else:
        options = {
            "com.docker.network.bridge.enable_icc": "false",
            "com.docker.network.bridge.enable_ip_masquerade": "true",
        }
    if mtu is not None:
        options["mtu" if podman else "com.docker.network.driver.mtu"] = str(mtu)
    return {
        "Name": naming.network,
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Internal": False,
        "Options": options,
        "Labels": {LABEL_INSTALLATION: naming.installation},
        **({"IPAM": {"Config": addresses}} if addresses else {}),
    }


def entries(answer: object) -> list[Json]:
    """The objects of a list answer; engines say null for an empty one."""
    return cast("list[Json]", answer) if isinstance(answer, list) else []


def entry_of(document: Json, key: str) -> Json:
    """An object inside a document; engines say null or leave it out when it is empty."""
    value: object = document.get(key)
    return cast(Json, value) if isinstance(value, dict) else {}


def labels_of(document: Json) -> dict[str, str]:
    """The labels of a listed container, a container's configuration or a network."""
    return entry_of(document, "Labels")


def stop_seconds(grace_seconds: float) -> int:
    """Engines take whole seconds; a grace is never shortened."""
    return max(0, math.ceil(grace_seconds))


def box_from_listing(entry: Json) -> Box:
    """A box out of `GET /containers/json`, which tells no exit code."""
    labels = labels_of(entry)
    return Box(
        agent_id=labels[LABEL_AGENT],
        boot=_boot(labels),
        state=_state(str(entry.get("State", ""))),
    )


def box_from_inspect(document: Json) -> Box:
    """A box out of `GET /containers/{id}/json`."""
    labels = labels_of(document["Config"])
    state: Json = document["State"]
    box_state = _state(str(state.get("Status", "")))
    ended = box_state is BoxState.EXITED
    return Box(
        agent_id=labels[LABEL_AGENT],
        boot=_boot(labels),
        state=box_state,
        exit_code=int(state["ExitCode"]) if ended else None,
        oom_killed=ended and bool(state.get("OOMKilled", False)),
    )


def _boot(labels: Mapping[str, str]) -> int:
    """0 for a label nobody of us wrote: older than every boot, so it is replaced."""
    text = labels.get(LABEL_BOOT, "")
    return int(text) if text.isdecimal() else 0


def _state(word: str) -> BoxState:
    """An unknown word counts as running: nothing is removed on a guess."""
    return _STATES.get(word.lower(), BoxState.RUNNING)
