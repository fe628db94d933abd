"""Imports point down, stand at the top of the file, and libraries stay in their packages."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .tree import ROOT, imported_names, inside, modules

# Library -> the only package of ours that may import it.
OWNERS = {
    "alembic": "autosclaw.manager.store",
    "claude_agent_sdk": "autosclaw.runner",
    "fastapi": "autosclaw.manager",
    "sqlalchemy": "autosclaw.manager.store",
    "starlette": "autosclaw.manager",
}
# What the agent image holds of ours (images/agent/Dockerfile copies nothing else).
IMAGE = ("autosclaw.protocol", "autosclaw.runner")
# domain/ takes facts and a time and returns decisions: no clock, no chance, no input or output.
IMPURE = (
    "aiohttp",
    "asyncio",
    "httpx",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "structlog",
    "subprocess",
    "threading",
    "time",
    "uuid",
)
LINTER = Path(sys.executable).with_name("lint-imports")


def lint_imports(config: Path, source: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(LINTER), "--config", str(config), "--no-cache"],
        cwd=source,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_layer_contracts_hold() -> None:
    result = lint_imports(ROOT / ".importlinter", ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("package", ["autosclaw", "autosclaw.manager"])
def test_a_package_without_a_place_in_the_layers_fails(package: str, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src/autosclaw", tmp_path / "autosclaw", ignore=ignore)
    newcomer = tmp_path.joinpath(*package.split("."), "newcomer")
    newcomer.mkdir()
    (newcomer / "__init__.py").touch()
    result = lint_imports(ROOT / ".importlinter", tmp_path)
    assert result.returncode != 0
    assert f"- {package}.newcomer" in result.stdout, result.stdout


def test_libraries_stay_in_the_package_that_owns_them() -> None:
    strays = [
        f"{module.shown}:{line} imports {name}"
        for module in modules()
        for name, line in imported_names(module)
        if (owner := OWNERS.get(name.partition(".")[0])) and not inside(module.name, owner)
    ]
    assert not strays, "\n".join(strays)


def test_what_runs_in_the_image_imports_only_what_is_in_the_image() -> None:
    strays = [
        f"{module.shown}:{line} imports {name}"
        for module in modules()
        if any(inside(module.name, package) for package in IMAGE)
        for name, line in imported_names(module)
        if inside(name, "autosclaw")
        and name != "autosclaw"
        and not any(inside(name, package) for package in IMAGE)
    ]
    assert not strays, "\n".join(strays)


def test_decisions_are_pure() -> None:
    strays = [
        f"{module.shown}:{line} imports {name}"
        for module in modules()
        if inside(module.name, "autosclaw.manager.domain")
        for name, line in imported_names(module)
        if name.partition(".")[0] in IMPURE
    ]
    assert not strays, "pass these in as arguments:\n" + "\n".join(strays)


def test_no_import_stands_inside_a_function() -> None:
    hidden = [
        f"{module.shown}:{line}"
        for module in modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for _, line in imported_names(module, function)
    ]
    assert not hidden, "move these to the top of the file: " + ", ".join(sorted(set(hidden)))
