"""The one JSON document a runner reads from standard input: a closed set of fields.

Must not grow a field that is not listed in the security design; unknown keys are refused.
"""

import msgspec

BOOTSTRAP_BYTES = 1 << 20
VERSION = 1


class ProviderCredentials(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Only with CREDENTIALS=direct: what the CLI itself needs to reach the provider."""

    base_url: str
    api_key: str | None = None
    oauth_token: str | None = None


class Bootstrap(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Where the manager is and who this agent is, for one boot of its container."""

    manager_url: str
    agent_id: str
    agent_token: str
    version: int = VERSION
    git_token: str | None = None
    provider: ProviderCredentials | None = None


class BootstrapError(Exception):
    """The document on standard input is not a bootstrap; the sentence says why, never quotes it."""


def encode(document: Bootstrap) -> bytes:
    """One line of JSON ending in a newline."""
    return msgspec.json.encode(document) + b"\n"


def decode(line: bytes) -> Bootstrap:
    """The document in `line`. Raises BootstrapError without repeating any of its content."""
    if len(line) > BOOTSTRAP_BYTES:
        raise BootstrapError(f"the bootstrap document is larger than {BOOTSTRAP_BYTES} bytes")
    try:
        document = msgspec.json.decode(line, type=Bootstrap)
    except msgspec.MsgspecError as error:
        raise BootstrapError(
            f"the bootstrap document is malformed ({type(error).__name__})"
        ) from None
    if document.version != VERSION:
        raise BootstrapError(f"bootstrap version {document.version} is not {VERSION}")
    return document
