"""The provider: its address, the manager's credential, and which headers pass in each direction.

Must not let the credential out: it is in no repr, no error and no log, and `redact` takes it out
of what an upstream sends back.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers

MESSAGES: Final = "/v1/messages"
COUNT_TOKENS: Final = "/v1/messages/count_tokens"
QUERY_CHARS: Final = 1_000

# Hop-by-hop (RFC 9110 §7.6.1), the caller's credentials, what names the caller's network, and
# what aiohttp sets itself.
_NOT_UP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        "authorization",
        "x-api-key",
        "cookie",
        "accept-encoding",
        "expect",
        "forwarded",
        "via",
        "x-real-ip",
    }
)
_DOWN = frozenset(["content-type", "request-id", "retry-after", "x-should-retry"])
_BETA = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def _checked(secret: str) -> bytes:
    if not _PRINTABLE.fullmatch(secret):
        raise ValueError("the provider's credential is empty or has characters no header may have")
    return secret.encode()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the provider's console. Raises ValueError without repeating it."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _checked(self.secret)

    def header(self) -> tuple[str, str]:
        """The one header the gateway adds."""
        return ("x-api-key", self.secret)


@dataclass(frozen=True, slots=True)
class OAuthToken:
    """A subscription's token; the CLI itself must send the betas that go with it."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _checked(self.secret)

    def header(self) -> tuple[str, str]:
        """The one header the gateway adds."""
        return ("Authorization", f"Bearer {self.secret}")


class Upstream:
    """Where requests go and with which credential.

    base_url: http or https, may have a path, no user, query or fragment; ValueError otherwise.
    """

    def __init__(self, base_url: str, credential: ApiKey | OAuthToken) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the provider's base URL must begin with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the provider's base URL must not hold a user, a query or a fragment")
        self._base = base_url.rstrip("/")
        self._credential = credential

    def url(self, path: str, query: str) -> str:
        """`path` below the base; of the client's query only `beta` is passed on."""
        pairs = parse_qsl(query[:QUERY_CHARS])
        beta = next((value for name, value in pairs if name == "beta"), "")
        suffix = f"?beta={beta}" if _BETA.fullmatch(beta) else ""
        return self._base + path + suffix

    def headers_up(self, client: Headers) -> list[tuple[str, str]]:
        """What the provider gets: the client's headers without its own, and our credential."""
        named = {name.strip().lower() for name in client.get("connection", "").split(",")}
        up: list[tuple[str, str]] = []
        for name, value in client.items():
            dropped = name in _NOT_UP or name in named or name.startswith("x-forwarded-")
            if not dropped and value.isascii() and value.isprintable():
                up.append((name, value))
        return [*up, ("Accept-Encoding", "identity"), self._credential.header()]

    def redact(self, body: bytes) -> bytes:
        """`body` without the credential, should an upstream have quoted it."""
        return body.replace(self._credential.secret.encode(), b"[removed]")


def headers_down(upstream: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """What the client gets: no cookies, nothing that names the account behind the key."""
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in upstream
        if _goes_down(name.lower())
    ]


def _goes_down(name: str) -> bool:
    return name in _DOWN or (name.startswith("anthropic-") and name != "anthropic-organization-id")
