"""Which runtime this installation uses: the one asked for, or the best that this machine has.

Must not start anything; `Runtime.check` does what is needed before the first start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autosclaw.manager.runtimes.base import Runtime, RuntimeRejected, RuntimeUnavailable
from autosclaw.manager.runtimes.docker import DockerRuntime
from autosclaw.manager.runtimes.docker_engine import engine_url
from autosclaw.manager.runtimes.process import ProcessRuntime

DOCKER = "docker"
PROCESS = "process"

NOT_ISOLATED = (
    "Agents run as plain processes of this user, with nothing between them and your files. "
    "Install Docker to give each its own container."
)


@dataclass(frozen=True, slots=True)
class Place:
    """What the runtimes need to know of an installation.

    installation: its id, part of names and labels. image: the agent image's tag.
    data_dir: where the process runtime keeps its boxes. environ: for DOCKER_HOST.
    """

    installation: str
    image: str
    data_dir: Path
    environ: Mapping[str, str]
    oci_runtime: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The runtime, and a sentence for the person who starts the manager, if one is due."""

    runtime: Runtime
    warning: str | None = None


async def choose(wanted: str | None, place: Place) -> Choice:
    """The runtime named `wanted`; for None docker where an engine answers, else process.

    Raises RuntimeRejected with one sentence when the wanted one is unknown or does not answer.
    The caller closes the runtime.
    """
    if wanted == PROCESS:
        return Choice(ProcessRuntime(place.data_dir), NOT_ISOLATED)
    if wanted == "kubernetes":
        raise RuntimeRejected(
            "RUNTIME=kubernetes is not in this version: use docker or process, or leave it unset"
        )
    if wanted not in (DOCKER, None):
        raise RuntimeRejected(f"RUNTIME={wanted} is unknown: use docker or process")
    url = engine_url(place.environ)
    try:
        return Choice(await _docker(url, place))
    except RuntimeUnavailable as error:
        if wanted == DOCKER:
            raise RuntimeRejected(
                f"no Docker engine answers at {url}{_reason(error)}: start it, set DOCKER_HOST, "
                "or use RUNTIME=process"
            ) from error
        return Choice(
            ProcessRuntime(place.data_dir),
            f"No Docker engine answers at {url}{_reason(error)}. {NOT_ISOLATED}",
        )


def _reason(error: RuntimeUnavailable) -> str:
    """The system's words in brackets: "permission denied" is mended differently."""
    cause = error.__cause__
    words = cause.strerror if isinstance(cause, OSError) else None
    return f" ({words.lower()})" if words else ""


async def _docker(url: str, place: Place) -> DockerRuntime:
    docker = DockerRuntime(place.installation, place.image, url=url, oci_runtime=place.oci_runtime)
    try:
        await docker.ping()
    except BaseException:
        await docker.close()
        raise
    return docker


async def engine_answers(environ: Mapping[str, str]) -> bool:
    """Does a Docker engine answer where DOCKER_HOST (or the usual socket) says?"""
    docker = DockerRuntime("none", "none", url=engine_url(environ))
    try:
        await docker.ping()
    except RuntimeUnavailable:
        return False
    finally:
        await docker.close()
    return True
