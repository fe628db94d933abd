"""No shell stands anywhere on the way to a container or a child process."""

import ast
from collections.abc import Iterator

from .tree import Module, modules

SHELL_CALLS = {
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
}
SHELLS = {"sh", "bash", "dash", "/bin/sh", "/bin/bash", "/usr/bin/bash"}
# The rehearsal model writes command lines for the agent's own Bash tool: data, never run by us.
SCRIPTS = "autosclaw.rehearsal"


def test_nothing_starts_a_shell() -> None:
    found = [
        f"{module.shown}:{line}: {what}"
        for module in modules()
        for line, what in shell_uses(module)
    ]
    assert not found, "\n".join(found)


def shell_uses(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, what) for what in call_uses(node))
        elif isinstance(node, ast.List | ast.Tuple) and not module.name.startswith(SCRIPTS):
            words = [item.value for item in node.elts if isinstance(item, ast.Constant)]
            if words and words[0] in SHELLS and any(flag in words for flag in ("-c", "-lc")):
                yield node.lineno, " ".join(map(str, words))


def call_uses(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    if called in SHELL_CALLS or called.endswith(".create_subprocess_shell"):
        yield called
    for keyword in node.keywords:
        is_off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        if keyword.arg == "shell" and not is_off:
            yield f"{called}(shell=...)"


def test_the_search_sees_a_shell() -> None:
    text = 'import os\nos.system("x")\nrun(["sh", "-c", "x"])\nrun("x", shell=True)\n'
    example = Module("autosclaw.example", modules()[0].path, text, ast.parse(text))
    assert {line for line, _ in shell_uses(example)} == {2, 3, 4}
