"""The provider's address and credential: what is accepted, what is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.gateway.upstream import COUNT_TOKENS, MESSAGES, ApiKey, OAuthToken, Upstream

from .fakes import KEY


@pytest.mark.parametrize("credential", [ApiKey(KEY), OAuthToken(KEY)])
def test_a_credential_is_in_no_repr(credential: ApiKey | OAuthToken) -> None:
    upstream = Upstream("https://api.example", credential)
    assert KEY not in f"{credential!r} {credential} {upstream!r} {vars(upstream)}"


@pytest.mark.parametrize("secret", ["", "with space", "line\nbreak", "ümlaut", "tab\t"])
@pytest.mark.parametrize("kind", [ApiKey, OAuthToken])
def test_a_credential_no_header_may_hold_is_refused_unseen(
    kind: type[ApiKey] | type[OAuthToken], secret: str
) -> None:
    with pytest.raises(ValueError) as refused:
        kind(secret)
    assert not secret or secret not in str(refused.value)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example",
        "ftp://api.example",
        "https://",
        "https://u:secret@h",
        "https://h/?q=1",
        "https://h/#f",
    ],
)
def test_a_base_that_cannot_be_right_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError) as refused:
        Upstream(base_url, ApiKey(KEY))
    assert "secret" not in str(refused.value)


def test_a_base_may_have_a_path() -> None:
    upstream = Upstream("https://proxy.example/anthropic/", ApiKey(KEY))
    assert upstream.url(MESSAGES, "") == "https://proxy.example/anthropic/v1/messages"
    assert upstream.url(COUNT_TOKENS, "beta=true").endswith("/v1/messages/count_tokens?beta=true")


@given(st.text(max_size=60))
def test_no_query_leads_anywhere_else(query: str) -> None:
    upstream = Upstream("https://h", ApiKey(KEY))
    for sent in (query, f"beta={query}", f"a=b&beta={query}"):
        url, _, passed = upstream.url(MESSAGES, sent).partition("?")
        assert url == "https://h/v1/messages"
        name, _, value = passed.partition("=")
        assert not passed or (name == "beta" and value.isascii() and not set(value) & set("&#/%?"))
