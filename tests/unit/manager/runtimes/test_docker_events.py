"""Of all that an engine tells, only changes of our boxes are hints."""

import json

import pytest

from autosclaw.manager.runtimes.docker_events import changed_agent
from autosclaw.manager.runtimes.docker_spec import Naming

OURS = {"io.autosclaw.installation": "i1", "io.autosclaw.agent": "a1", "io.autosclaw.boot": "1"}


def line(action: str, attributes: dict[str, str], key: str = "Action") -> bytes:
    return json.dumps({key: action, "Actor": {"Attributes": attributes}}).encode()


@pytest.mark.parametrize("action", ["create", "start", "die", "died", "oom", "destroy", "remove"])
def test_changes_of_our_boxes_are_hints(action: str) -> None:
    assert changed_agent(line(action, OURS), Naming("i1")) == "a1"
    assert changed_agent(line(action, OURS, "status"), Naming("i1")) == "a1"


@pytest.mark.parametrize(
    "event",
    [
        line("archive-path", OURS),
        line("attach", OURS),
        line("exec_start: die", OURS),
        line("die", {**OURS, "io.autosclaw.installation": "i2"}),
        line("die", {"io.autosclaw.installation": "i1"}),
        json.dumps({"Action": "die"}).encode(),
        json.dumps({"Action": "die", "Actor": None}).encode(),
        b"",
        b"  ",
    ],
)
def test_everything_else_is_none(event: bytes) -> None:
    assert changed_agent(event, Naming("i1")) is None
