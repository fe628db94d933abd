"""The runner begins with one line on standard input, or says why not without repeating it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def start(tmp_path: Path, line: bytes) -> "subprocess.CompletedProcess[bytes]":
    places = ("--work", tmp_path, "--spool", tmp_path / "spool", "--home", tmp_path)
    return subprocess.run(
        [sys.executable, "-m", "autosclaw.runner", *places],
        input=line,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json s3cret\n",
        b'{"manager_url":"http://h","agent_id":"a","agent_token":"s3cret","extra":1}\n',
        b'{"manager_url":"http://h","agent_id":"a","agent_token":5,"git_token":"s3cret"}\n',
        b'{"manager_url":"http://h","agent_id":"a","agent_token":"s3cret","version":99}\n',
        b'{"agent_token":"' + b"s3cret" * 200_000 + b'"}\n',
    ],
)
def test_a_faulty_bootstrap_is_refused_without_quoting_it(tmp_path: Path, line: bytes) -> None:
    done = start(tmp_path, line)
    assert done.returncode == 2
    assert b"s3cret" not in done.stderr + done.stdout
    last = json.loads(done.stderr.splitlines()[-1])
    assert last["level"] == "error"
    assert "bootstrap" in last["message"]


def test_a_spool_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    line = b'{"manager_url":"http://127.0.0.1:9","agent_id":"a","agent_token":"s3cret"}\n'
    done = start(tmp_path, line)
    assert done.returncode == 2
    assert "cannot open the spool" in json.loads(done.stderr.splitlines()[-1])["message"]
