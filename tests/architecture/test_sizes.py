"""Files and functions stay small enough to be read in one go."""

import ast
from collections.abc import Iterator

from .tree import Module, modules

MODULE_LINES = 500
FUNCTION_LINES = 60

# What may be longer, and why: a path, "path::function", or a folder ending in "/". An entry that is
# no longer needed fails too.
EXCEPTIONS = {
    "src/autosclaw/manager/store/migrations/versions/": (
        "a migration is one flat list of statements and is never edited again"
    ),
}


def test_modules_and_functions_are_within_their_limits() -> None:
    too_long = {key: lines for module in modules() for key, lines in oversized(module)}
    unexplained = {key: lines for key, lines in too_long.items() if not excepted_by(key)}
    assert not unexplained, "split these, or give the reason in EXCEPTIONS: " + ", ".join(
        f"{key} ({lines} lines)" for key, lines in unexplained.items()
    )
    needed = {entry for key in too_long for entry in excepted_by(key)}
    assert needed == set(EXCEPTIONS), "these exceptions are no longer needed"


def excepted_by(key: str) -> list[str]:
    return [
        entry
        for entry in EXCEPTIONS
        if key == entry or (entry.endswith("/") and key.startswith(entry))
    ]


def oversized(module: Module) -> Iterator[tuple[str, int]]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES:
        yield module.shown, lines
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{module.shown}::{node.name}", length


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    found = [module.shown for module in modules() if module.path.stem in drawers]
    assert not found, "name these after what they own"


def test_every_module_says_what_it_owns() -> None:
    silent = [
        module.shown
        for module in modules()
        if any(not isinstance(node, ast.Pass) for node in module.tree.body)
        and not ast.get_docstring(module.tree)
    ]
    assert not silent, "these modules have no docstring"
