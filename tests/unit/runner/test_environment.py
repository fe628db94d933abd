"""The CLI's environment is made of an allow-list; nothing else gets in."""

import os
from pathlib import Path

import pytest

from autosclaw.protocol.bootstrap import ProviderCredentials
from autosclaw.runner.environment import (
    ModelAccess,
    Places,
    cli_environment,
    reduce_environment,
)

PLACES = Places(Path("/work"), Path("/spool"), Path("/home/agent"))
INHERITED = {
    "PATH": "/bin",
    "LANG": "C.UTF-8",
    "ANTHROPIC_API_KEY": "canary",
    "GH_TOKEN": "canary",
    "CLAUDE_CODE_OAUTH_TOKEN": "canary",
    "LD_PRELOAD": "canary",
    "PYTHONPATH": "canary",
}


def test_only_listed_variables_stay() -> None:
    environment = dict(INHERITED)
    del environment["LANG"]
    reduce_environment(environment, PLACES.home)
    assert environment == {"PATH": "/bin", "LANG": "C.UTF-8", "HOME": "/home/agent"}


def test_the_cli_gets_the_proxy_and_no_key_of_ours() -> None:
    access = ModelAccess("http://127.0.0.1:1", api_key="dummy")
    environment = cli_environment(INHERITED, PLACES, access)
    assert "canary" not in environment.values()
    assert environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"
    assert environment["ANTHROPIC_API_KEY"] == "dummy"
    assert environment["CLAUDE_CONFIG_DIR"] == "/home/agent/.claude"
    assert "CLAUDE_CODE_OAUTH_TOKEN" not in environment


def test_direct_credentials_go_to_the_cli() -> None:
    provider = ProviderCredentials(base_url="https://model.test", oauth_token="login")
    environment = cli_environment({}, PLACES, ModelAccess.direct(provider))
    assert environment["CLAUDE_CODE_OAUTH_TOKEN"] == "login"
    assert "ANTHROPIC_API_KEY" not in environment


@pytest.mark.parametrize(("user", "sandbox"), [(0, "1"), (10001, None)])
def test_root_says_it_is_a_sandbox(
    monkeypatch: pytest.MonkeyPatch, user: int, sandbox: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    environment = cli_environment({}, PLACES, ModelAccess("http://127.0.0.1:1"))
    assert environment.get("IS_SANDBOX") == sandbox
