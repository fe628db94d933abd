"""The agent image is made of what its tag covers, and its recipe keeps its promises."""

import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

from .tree import ROOT

AGENT_IMAGE = ROOT / "scripts/agent-image"
DOCKERFILE = (ROOT / "images/agent/Dockerfile").read_text()


def digest(checkout: Path) -> str:
    """What the script of a checkout computes over its inputs, without any engine."""
    return str(runpy.run_path(str(checkout / "scripts/agent-image"))["inputs_digest"]())


def copy_of_inputs(folder: Path) -> Path:
    for name in runpy.run_path(str(AGENT_IMAGE))["INPUTS"]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target)
        else:
            shutil.copy2(ROOT / name, target)
    (folder / "scripts").mkdir()
    shutil.copy2(AGENT_IMAGE, folder / "scripts/agent-image")
    return folder


def test_one_byte_changes_the_digest_and_bytecode_does_not(tmp_path: Path) -> None:
    checkout = copy_of_inputs(tmp_path)
    before = digest(checkout)
    cache = checkout / "src/autosclaw/runner/__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "session.cpython-313.pyc").write_bytes(b"x")
    assert digest(checkout) == before
    for name in ("images/agent/guidelines.md", "src/autosclaw/runner/__init__.py"):
        with (checkout / name).open("a") as file:
            file.write("\n")
        after = digest(checkout)
        assert after != before, name
        before = after


def test_the_build_context_is_what_the_digest_covers() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    inputs = set(runpy.run_path(str(AGENT_IMAGE))["INPUTS"])
    assert "*" in lines
    assert allowed == inputs - {".dockerignore"}


def test_the_recipe_carries_no_frontend_and_no_secret() -> None:
    assert not re.search(r"^#\s*syntax\s*=", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"^(ENV|ARG|LABEL).*(KEY|TOKEN|SECRET|PASSWORD)", DOCKERFILE, re.MULTILINE)
    assert "USER 10001:10001" in DOCKERFILE
    assert '"/usr/bin/tini", "--"' in DOCKERFILE
    assert "PYTHONSAFEPATH=1" in DOCKERFILE


def test_every_requirement_is_pinned_and_hashed() -> None:
    text = (ROOT / "images/agent/requirements.txt").read_text().replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert requirements
    for line in requirements:
        assert "==" in line.split(" ", 1)[0], line
        assert "--hash=sha256:" in line, line


def test_without_an_engine_it_says_one_sentence(tmp_path: Path) -> None:
    unreachable = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    result = subprocess.run(
        [str(AGENT_IMAGE), "--tag"],
        env=unreachable,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("agent-image: ")
    assert result.stderr.count("\n") == 1
