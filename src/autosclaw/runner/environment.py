"""Says which environment variables the CLI gets: an allow-list, and what we set ourselves.

Must not hold or pass on a secret of the manager's.
"""

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from autosclaw.protocol.bootstrap import ProviderCredentials

# What programs need to find files, names and certificates; everything else stays outside.
_INHERITED = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "LOGNAME",
    "SHELL",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
_DEFAULTS = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}

_CLI = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    # Else our tools would be hidden behind a search tool.
    "ENABLE_TOOL_SEARCH": "false",
    # Running, waiting and idle as messages: a result alone does not mean idle.
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    # Nobody is there to type a password: git fails instead of asking.
    "GIT_TERMINAL_PROMPT": "0",
}


@dataclass(frozen=True, slots=True)
class Places:
    """Directories of this agent: where it works, what the spool fills, its home."""

    work: Path
    spool: Path
    home: Path

    @property
    def cli_config(self) -> Path:
        """Where the CLI keeps its sessions."""
        return self.home / ".claude"


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Where the CLI finds its model. With the proxy the key is one that only the proxy knows."""

    base_url: str
    api_key: str | None = None
    oauth_token: str | None = None

    @classmethod
    def direct(cls, provider: ProviderCredentials) -> "ModelAccess":
        """The provider itself (CREDENTIALS=direct)."""
        return cls(provider.base_url, provider.api_key, provider.oauth_token)


def reduce_environment(environment: MutableMapping[str, str], home: Path) -> None:
    """Cut this process's own environment down to the allow-list; libraries merge over it."""
    kept = {name: environment[name] for name in _INHERITED if name in environment}
    environment.clear()
    environment.update({**_DEFAULTS, **kept, "HOME": str(home)})


def cli_environment(
    inherited: Mapping[str, str], places: Places, access: ModelAccess
) -> dict[str, str]:
    """The CLI's variables. As root the CLI only skips permission prompts in a sandbox."""
    environment = {name: inherited[name] for name in _INHERITED if name in inherited}
    environment |= {
        **_CLI,
        "HOME": str(places.home),
        "CLAUDE_CONFIG_DIR": str(places.cli_config),
        "ANTHROPIC_BASE_URL": access.base_url,
    }
    if access.api_key is not None:
        environment["ANTHROPIC_API_KEY"] = access.api_key
    if access.oauth_token is not None:
        environment["CLAUDE_CODE_OAUTH_TOKEN"] = access.oauth_token
    if os.geteuid() == 0:
        environment["IS_SANDBOX"] = "1"
    return environment
