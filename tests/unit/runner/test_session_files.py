"""A session's files survive the way through the transcript, and go nowhere else."""

import json
from pathlib import Path

import pytest

from autosclaw.protocol import limits
from autosclaw.protocol.events import encode
from autosclaw.runner.environment import Places
from autosclaw.runner.session_files import fragments, restore, session_file

SESSION = "11111111-2222-4333-8444-555555555555"


def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "work", tmp_path / "spool", tmp_path / "home")


@pytest.mark.parametrize("text", ['"\\' * 400_000, "漢\ud83d" * 200_000, "short"])
def test_entries_come_back_whole_in_pieces_that_fit(tmp_path: Path, text: str) -> None:
    entries = [{"type": "user", "text": text}, {"type": "assistant", "n": 1}]
    pieces = fragments("", entries)
    assert all(len(encode(piece)) <= limits.EVENT_BYTES for piece in pieces)
    restore(places(tmp_path), SESSION, {"": "".join(piece.text for piece in pieces)})
    lines = session_file(places(tmp_path), SESSION).read_text().splitlines()
    assert [json.loads(line) for line in lines] == entries


def test_a_sub_agent_has_its_own_files(tmp_path: Path) -> None:
    entries = [{"type": "user", "n": 1}, {"type": "agent_metadata", "agentType": "helper"}]
    [piece] = fragments("subagents/agent-1", entries)
    restore(places(tmp_path), SESSION, {piece.subpath: piece.text})
    path = session_file(places(tmp_path), SESSION, "subagents/agent-1")
    assert path.parent.name == "subagents"
    assert [json.loads(line) for line in path.read_text().splitlines()] == entries[:1]
    assert json.loads((path.parent / "agent-1.meta.json").read_text()) == {"agentType": "helper"}


@pytest.mark.parametrize("subpath", ["../../../x", "/etc/x", "a/../../b", "a\0b"])
def test_a_path_out_of_the_session_is_refused(tmp_path: Path, subpath: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        restore(places(tmp_path), SESSION, {subpath: "{}\n"})
