"""Folders of local boxes: states survive, foreign ids and unwritable folders do no harm."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autosclaw.manager.runtimes.process_boxes import Boxes, Record
from autosclaw.manager.runtimes.process_table import Identity

PROCESS = Identity(pid=7, started_ticks=8, machine_boot="b")


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    boxes = Boxes(tmp_path)
    created = boxes.create("a1", 2)
    assert boxes.load("a1") == created == Record("a1", 2)
    ended = created.started(PROCESS).ended(137)
    boxes.save(ended)
    assert Boxes(tmp_path).load("a1") == ended
    assert Boxes(tmp_path).load_all() == [ended]


def test_a_new_boot_begins_with_nothing(tmp_path: Path) -> None:
    boxes = Boxes(tmp_path)
    boxes.create("a1", 1)
    (boxes.folder("a1").work / "file").write_text("x")
    boxes.create("a1", 2)
    assert list(boxes.folder("a1").work.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"agent_id": 1}', b"\xff"])
def test_a_torn_state_is_a_box_that_was_never_started(tmp_path: Path, content: bytes) -> None:
    boxes = Boxes(tmp_path)
    boxes.create("a1", 1)
    boxes.folder("a1").state.write_bytes(content)
    assert boxes.load("a1") == Record("a1", boot=0)
    boxes.folder("a1").state.unlink()
    assert boxes.load_all() == [Record("a1", boot=0)]


def test_a_state_cannot_speak_for_another_agent(tmp_path: Path) -> None:
    boxes = Boxes(tmp_path)
    boxes.create("a1", 1)
    path = boxes.folder("a1").state
    path.write_text(json.dumps({**json.loads(path.read_text()), "agent_id": "a2"}))
    assert [record.agent_id for record in boxes.load_all()] == ["a1"]


@pytest.mark.parametrize("agent_id", ["", ".", "..", "../a1", "a/b", "/etc", "a\0b"])
def test_an_id_does_not_lead_out_of_the_folder(tmp_path: Path, agent_id: str) -> None:
    with pytest.raises(ValueError, match="no agent id"):
        Boxes(tmp_path).folder(agent_id)


def test_a_missing_data_folder_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    missing = Boxes(tmp_path / "missing")
    with pytest.raises(OSError, match="missing"):
        missing.load_all()
    with pytest.raises(OSError, match="missing"):
        missing.load("a1")
    missing.prepare()
    assert missing.load_all() == []
    assert missing.load("a1") is None


REMOVE = """
import os, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from autosclaw.manager.runtimes.process_boxes import Boxes
boxes = Boxes(Path(sys.argv[1]))
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
boxes.create("a1", 1)
deep = boxes.folder("a1").work / "cache" / "module"
deep.mkdir(parents=True)
(deep / "file").write_text("x")
(deep / "outside").symlink_to(sys.argv[2])
deep.chmod(0o500); deep.parent.chmod(0)
boxes.remove("a1"); boxes.remove("a1")
print(boxes.load("a1"))
"""


def test_folders_that_an_agent_made_unwritable_are_removed() -> None:
    """As a user without root's powers, which would not notice."""
    # Not below tmp_path: another user must be able to get there.
    with TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        outside, data = Path(top, "outside"), Path(top, "data")
        outside.mkdir()
        outside.chmod(0o711)
        data.mkdir()
        data.chmod(0o777)
        command = [sys.executable, "-c", REMOVE, str(data), str(outside)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout.strip() == "None", done.stderr
        assert outside.stat().st_mode & 0o777 == 0o711
