"""What a model request consumed and what it costs: token counts, usage rows, the price table.

Must not do I/O beyond reading the price file once, and must not guess: a model or a rate that
the table does not know has the cost None, never 0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from importlib import resources
from typing import Any, Final, Self

import msgspec

NANO: Final = 10**9
"""Money is kept as whole nano-USD: every list price is a whole number of them per token."""

COUNT_MAX: Final = 10**9
"""Larger counts are clipped: keeps sums of rows far from the edge of 64-bit integers."""

CHARS_PER_TOKEN: Final = 4

_DATED = re.compile(r"^(.+?)(?:[-@]\d{8})?(?:\[\w+\])?$")


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens by the kinds that are priced apart, and web searches the provider ran."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    web_searches: int = 0

    def __add__(self, other: "TokenCounts") -> "TokenCounts":
        return TokenCounts(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.web_searches + other.web_searches,
        )

    @property
    def prompt(self) -> int:
        """Everything the model read: what long-prompt rates are decided by."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


def parse_usage(usage: Mapping[str, Any]) -> TokenCounts:
    """Counts from a Messages API usage object; fields that are absent or no count are 0.

    `cache_creation_input_tokens` is the total of both lifetimes; what the optional
    `cache_creation` split does not name as one hour is five minutes, the API's default.
    """
    split = _object(usage.get("cache_creation"))
    hour = _count(split.get("ephemeral_1h_input_tokens"))
    five = _count(split.get("ephemeral_5m_input_tokens"))
    written = _count(usage.get("cache_creation_input_tokens"))
    return TokenCounts(
        input=_count(usage.get("input_tokens")),
        output=_count(usage.get("output_tokens")),
        cache_read=_count(usage.get("cache_read_input_tokens")),
        cache_write_5m=max(five, written - hour),
        cache_write_1h=hour,
        web_searches=_count(_object(usage.get("server_tool_use")).get("web_search_requests")),
    )


def at_list_price(usage: Mapping[str, Any]) -> bool:
    """False when the answer says it was served at a surcharge the table does not hold.

    Source: the provider's pricing page, fast mode (`speed`) and data residency
    (`inference_geo`).
    """
    return usage.get("speed") in (None, "standard") and usage.get("inference_geo") != "us"


def estimated_tokens(chars: int) -> int:
    """A rough count for output that was cut off before the provider counted it."""
    return -(-chars // CHARS_PER_TOKEN)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), COUNT_MAX)


@dataclass(frozen=True, slots=True)
class Caller:
    """The agent a request to the model was proven to come from."""

    agent_id: str


class Outcome(StrEnum):
    """How far the counts of a row can be trusted."""

    COMPLETE = "complete"
    """The provider's own final count."""
    CUT = "cut"
    """It ended early: the prompt is the provider's count, the output estimated from its text."""
    REFUSED = "refused"
    """The provider refused or was not reached: nothing was spent."""
    UNCOUNTED = "uncounted"
    """It was asked and no count came back: what was spent is not known."""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One request to the provider, as the ledger keeps it. `request_id` is ours and unique.

    cost_nano_usd None = not known. status: what the provider answered, None = nothing.
    message_id: the provider's name of the answer, the same as in the agent's transcript.
    """

    request_id: str
    agent_id: str
    model: str
    counts: TokenCounts
    cost_nano_usd: int | None
    outcome: Outcome
    status: int | None
    started_at: datetime
    first_byte_ms: int | None
    duration_ms: int
    message_id: str | None = None
    subagent_id: str | None = None


class PriceTableError(Exception):
    """The price file cannot be used; the sentence says where it is wrong."""


class _Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """USD per million tokens; web_search in USD per search."""

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal
    web_search: Decimal


class _LongPrompt(_Rates, frozen=True, forbid_unknown_fields=True):
    above_prompt_tokens: int


class _Price(_Rates, frozen=True, forbid_unknown_fields=True, kw_only=True):
    valid_from: date
    long_prompt: _LongPrompt | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    checked: date
    models: dict[str, list[_Price]]
    aliases: dict[str, str] = {}
    notes: str = ""


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Dated list prices. `source` and `checked` say where they are from and how old they are."""

    source: str
    checked: date
    _models: Mapping[str, tuple[_Price, ...]]
    _aliases: Mapping[str, str]

    @classmethod
    def load(cls) -> Self:
        """The table that ships with the package."""
        return cls.parse((resources.files("autosclaw.manager.domain") / "prices.json").read_bytes())

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """A table in the format of prices.json.

        Raises PriceTableError for one that is malformed or not exact in nano-USD.
        """
        try:
            file = msgspec.json.decode(document, type=_File)
        except msgspec.MsgspecError as error:
            raise PriceTableError(f"the price table is malformed: {error}") from error
        for model, prices in file.models.items():
            for price in prices:
                _check(model, price)
        for alias, model in file.aliases.items():
            if model not in file.models:
                raise PriceTableError(f"the alias {alias} names {model}, which has no price")
        newest_first = {
            model: tuple(sorted(prices, key=lambda price: price.valid_from, reverse=True))
            for model, prices in file.models.items()
        }
        return cls(file.source, file.checked, newest_first, file.aliases)

    def cost_nano_usd(self, model: str, counts: TokenCounts, at: datetime) -> int | None:
        """The cost of one request at the aware time `at`; None = no price is known."""
        price = self._price(model, at)
        if price is None:
            return None
        tier = price.long_prompt
        rates = tier if tier and counts.prompt > tier.above_prompt_tokens else price
        per_million = (
            counts.input * rates.input
            + counts.output * rates.output
            + counts.cache_read * rates.cache_read
            + counts.cache_write_5m * rates.cache_write_5m
            + counts.cache_write_1h * rates.cache_write_1h
        )
        return int(per_million * 1000 + counts.web_searches * rates.web_search * NANO)

    def cost_usd(self, model: str, counts: TokenCounts, at: datetime) -> Decimal | None:
        """The same in USD, exact; None = no price is known."""
        nano = self.cost_nano_usd(model, counts, at)
        return None if nano is None else Decimal(nano) / NANO

    def _price(self, model: str, at: datetime) -> _Price | None:
        day = at.astimezone(UTC).date()
        for price in self._models.get(self._listed(model), ()):
            if price.valid_from <= day:
                return price
        return None

    def _listed(self, model: str) -> str:
        """The name in the table: as it is, an alias, or without its date and bracket."""
        if model in self._models:
            return model
        match = _DATED.match(model)
        plain = match[1] if match else model
        return self._aliases.get(model) or self._aliases.get(plain, plain)


def _check(model: str, price: _Price) -> None:
    rates: list[_Rates] = [price, *([price.long_prompt] if price.long_prompt else [])]
    for rate in rates:
        per_token = (
            rate.input,
            rate.output,
            rate.cache_read,
            rate.cache_write_5m,
            rate.cache_write_1h,
        )
        nano = [usd * 1000 for usd in per_token] + [rate.web_search * NANO]
        if not all(amount.is_finite() and amount >= 0 and amount % 1 == 0 for amount in nano):
            raise PriceTableError(
                f"a price of {model} from {price.valid_from} is negative or finer than "
                "0.001 USD per million tokens"
            )
