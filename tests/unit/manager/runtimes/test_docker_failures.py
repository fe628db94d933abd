"""Engines' own words, as they were answered, become one of three kinds."""

import pytest

from autosclaw.manager.runtimes.base import RuntimeGone, RuntimeRejected, RuntimeUnavailable
from autosclaw.manager.runtimes.docker_failures import MESSAGE_CHARS, EngineError, classify


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "No such container: abc", RuntimeGone),
        (404, 'no container with name or ID "abc" found: no such container', RuntimeGone),
        (500, "container abc does not exist in database: no such container", RuntimeGone),
        (404, "No such image: autosclaw/agent:1", RuntimeRejected),
        (404, "network autosclaw-1 not found", RuntimeUnavailable),
        (400, "invalid reference format", RuntimeRejected),
        (400, "OCI runtime create failed: executable file not found in $PATH", RuntimeRejected),
        (400, "Unknown runtime specified runsc", RuntimeRejected),
        (500, "container create: unknown mount option: invalid mount option", RuntimeRejected),
        (500, "error setting rlimit type 6: operation not permitted", RuntimeRejected),
        (500, "write /var/lib/docker/tmp: no space left on device", RuntimeUnavailable),
        (500, "driver failed programming external connectivity", RuntimeUnavailable),
        (503, "", RuntimeUnavailable),
        (429, "too many requests", RuntimeUnavailable),
        (409, "removal of container abc is already in progress", RuntimeUnavailable),
        (409, "You cannot remove a running container", RuntimeRejected),
        (403, "access denied by policy", RuntimeRejected),
    ],
)
def test_answers_are_sorted(status: int, message: str, kind: type[Exception]) -> None:
    found = classify(EngineError("start the container", status, message))
    assert type(found) is kind
    assert "start the container" in str(found)
    assert (message or str(status)) in str(found)


def test_a_taken_name_is_a_conflict() -> None:
    assert EngineError("create", 409, "The container name is already in use").conflict
    assert EngineError("create", 500, "the container name is already in use").conflict
    assert not EngineError("create", 500, "something else").conflict


def test_an_endless_message_is_cut() -> None:
    assert len(EngineError("create", 500, "x" * 10_000).message) == MESSAGE_CHARS
