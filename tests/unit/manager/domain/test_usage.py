"""Counts and prices: exact, additive, monotone, and honest about what is not known."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.domain.usage import (
    COUNT_MAX,
    NANO,
    PriceTable,
    PriceTableError,
    TokenCounts,
    at_list_price,
    estimated_tokens,
    parse_usage,
)

TABLE = PriceTable.load()
NOW = datetime(2026, 11, 22, tzinfo=UTC)
FLAT = "claude-opus-4-6"
TIERED = "claude-haiku-5-5"

numbers = st.integers(0, COUNT_MAX)
counts = st.builds(TokenCounts, numbers, numbers, numbers, numbers, numbers, numbers)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def cost(model: str, given_counts: TokenCounts) -> int:
    nano = TABLE.cost_nano_usd(model, given_counts, NOW)
    assert nano is not None
    return nano


def rates(valid_from: str, usd: str, **more: Any) -> dict[str, Any]:
    kinds = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read", "web_search")
    return {"valid_from": valid_from, **dict.fromkeys(kinds, usd), **more}


def table(*prices: dict[str, Any], aliases: dict[str, str] | None = None) -> PriceTable:
    document = {"source": "test", "checked": "2026-01-01", "models": {"m": list(prices)}}
    return PriceTable.parse(json.dumps(document | {"aliases": aliases or {}}).encode())


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-opus-4-6", ("5", "25", "0.5", "6.25", "10")),
        ("claude-opus-5-5", ("4", "20", "0.2", "5", "8")),
        ("claude-sonnet-5-5", ("2", "10", "0.1", "2.5", "4")),
        ("claude-fable-5-2", ("8", "40", "0.2", "10", "16")),
        ("claude-sonnet-4-20250514", ("3", "15", "0.3", "3.75", "6")),
    ],
)
def test_list_prices_a_million_of_each_kind(model: str, usd: tuple[str, ...]) -> None:
    for kind, expected in enumerate(usd):
        each = [0] * 5
        each[kind] = 1_000_000
        assert TABLE.cost_usd(model, TokenCounts(*each), NOW) == Decimal(expected)
    assert TABLE.cost_usd(model, TokenCounts(web_searches=1), NOW) == Decimal("0.01")


@pytest.mark.parametrize(
    "name", ["claude-opus-4-6-20260101", "claude-opus-4-6@20260101", "claude-opus-4-6[1m]"]
)
def test_dated_names_cost_what_the_model_costs(name: str) -> None:
    assert cost(name, TokenCounts(1)) == cost(FLAT, TokenCounts(1)) == 5_000


@pytest.mark.parametrize(
    "name", ["gpt-5", "claude-nonesuch-9", "", "claude-opus-4-6-fast", "claude-opus-4-6-2026"]
)
def test_an_unknown_model_has_no_price_even_for_nothing(name: str) -> None:
    assert TABLE.cost_nano_usd(name, TokenCounts(), NOW) is None
    assert TABLE.cost_usd(name, TokenCounts(1), NOW) is None


def test_every_listed_model_has_a_price_today_and_says_where_it_is_from() -> None:
    assert TABLE.source
    assert TABLE.checked
    for model in TABLE._models:
        assert cost(model, TokenCounts(1, 1, 1, 1, 1, 1)) > 0


def test_a_long_prompt_pays_its_rates_for_all_of_the_request() -> None:
    short = TokenCounts(input=50_000, cache_read=50_000, output=10)
    assert cost(TIERED, short) == 50_000 * 100 + 50_000 * 10 + 10 * 500
    long = TokenCounts(input=50_001, cache_read=50_000, output=10)
    assert cost(TIERED, long) == 50_001 * 500 + 50_000 * 50 + 10 * 2_500
    for written in (TokenCounts(100_000, cache_write_5m=1), TokenCounts(100_000, cache_write_1h=1)):
        assert cost(TIERED, written) > 100_000 * 500


@given(counts, counts)
def test_costs_add_up_without_a_long_prompt_tier(one: TokenCounts, other: TokenCounts) -> None:
    assert cost(FLAT, one + other) == cost(FLAT, one) + cost(FLAT, other)


@given(st.sampled_from(sorted(TABLE._models)), counts, counts)
def test_more_of_anything_never_costs_less(model: str, one: TokenCounts, more: TokenCounts) -> None:
    assert cost(model, one + more) >= cost(model, one)
    assert cost(model, one) >= 0


@given(counts)
def test_whole_nano_usd_and_exact_usd_agree_and_fit_64_bits(given_counts: TokenCounts) -> None:
    nano = cost(TIERED, given_counts)
    usd = TABLE.cost_usd(TIERED, given_counts, NOW)
    assert usd is not None
    assert usd * NANO == nano
    assert nano < 2**63


def test_a_price_counts_from_its_day_in_utc() -> None:
    dated = table(rates("2026-03-01", "2"), rates("2026-01-01", "1"))
    each = TokenCounts(input=1)
    first = datetime(2026, 3, 1, tzinfo=UTC)
    assert dated.cost_nano_usd("m", each, first) == 2_000
    assert dated.cost_nano_usd("m", each, first - timedelta(seconds=1)) == 1_000
    assert dated.cost_nano_usd("m", each, datetime(2025, 12, 31, tzinfo=UTC)) is None
    east = datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert dated.cost_nano_usd("m", each, east) == 1_000


def test_aliases_lead_to_a_model_with_or_without_a_date() -> None:
    aliased = table(rates("2026-01-01", "1"), aliases={"nick": "m"})
    assert aliased.cost_nano_usd("nick-20260101", TokenCounts(1), NOW) == 1_000


@pytest.mark.parametrize(
    "price",
    [
        rates("2026-01-01", "0.0001"),
        rates("2026-01-01", "-1"),
        rates("2026-01-01", "NaN"),
        rates("never", "1"),
        rates("2026-01-01", "1", extra="1"),
        {"valid_from": "2026-01-01"},
        rates("2026-01-01", "1", long_prompt={"above_prompt_tokens": 1}),
    ],
)
def test_a_table_that_is_wrong_is_refused(price: dict[str, Any]) -> None:
    with pytest.raises(PriceTableError):
        table(price)


def test_an_alias_to_nothing_is_refused() -> None:
    with pytest.raises(PriceTableError, match="nowhere"):
        table(rates("2026-01-01", "1"), aliases={"nick": "nowhere"})


def test_usage_objects_of_the_api() -> None:
    full = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        "server_tool_use": {"web_search_requests": 4},
        "service_tier": "standard",
    }
    assert parse_usage(full) == TokenCounts(1, 2, 3, 20, 10, 4)
    assert parse_usage({"cache_creation_input_tokens": 30}).cache_write_5m == 30
    unsplit = full | {"cache_creation": None, "server_tool_use": None}
    assert parse_usage(unsplit) == TokenCounts(1, 2, 3, 30, 0, 0)
    only_hour = {
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_1h_input_tokens": 30},
    }
    assert parse_usage(only_hour) == TokenCounts(cache_write_1h=30)
    assert parse_usage(full).prompt == 1 + 3 + 30


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "input_tokens",
                "output_tokens",
                "cache_creation",
                "cache_creation_input_tokens",
                "server_tool_use",
            ),
            json_values,
        ),
    )
)
def test_no_usage_object_breaks_the_meter(usage: dict[str, Any]) -> None:
    read = parse_usage(usage)
    assert all(0 <= getattr(read, name) <= COUNT_MAX for name in TokenCounts.__slots__)


def test_surcharged_answers_are_not_at_list_price() -> None:
    assert at_list_price({})
    assert at_list_price({"speed": "standard", "inference_geo": "not_available"})
    assert not at_list_price({"speed": "fast"})
    assert not at_list_price({"inference_geo": "us"})


def test_an_estimate_rounds_up() -> None:
    assert [estimated_tokens(chars) for chars in (0, 1, 4, 5)] == [0, 1, 1, 2]
