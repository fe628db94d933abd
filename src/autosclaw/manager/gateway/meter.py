"""One request's measurements and the usage row they end in.

Must not store the row and must not read the stream itself (`tap` does).
"""

import dataclasses
import time
from datetime import UTC, datetime

from starlette.datastructures import Headers

from autosclaw.manager.domain.usage import (
    Outcome,
    PriceTable,
    TokenCounts,
    UsageRow,
    at_list_price,
    estimated_tokens,
    parse_usage,
)
from autosclaw.manager.gateway.tap import Reading, Tap
from autosclaw.protocol.ids import new_id

SUBAGENT_HEADER = "x-claude-code-agent-id"
LABEL_CHARS = 100


class Meter:
    """Times and counts of one request. Until told otherwise its spending is not known."""

    def __init__(self, agent_id: str, model: str, headers: Headers) -> None:
        self._agent_id = agent_id
        self._model = model
        self._subagent_id = _label(headers.get(SUBAGENT_HEADER))
        self._started_at = datetime.now(UTC)
        self._started = time.monotonic()
        self._first_byte_ms: int | None = None
        self._status: int | None = None
        self._tap: Tap | None = None
        self._refused: Outcome | None = None

    def answered(self, status: int) -> None:
        """The provider's status line is here."""
        self._status = status

    def refused(self) -> None:
        """The provider said no or was not reached: nothing was spent."""
        self._refused = Outcome.REFUSED

    def reads(self, tap: Tap) -> None:
        """The answer's body is about to come."""
        self._tap = tap

    def feed(self, chunk: bytes) -> None:
        """Some of the body."""
        if self._first_byte_ms is None:
            self._first_byte_ms = self._elapsed_ms()
        if self._tap:
            self._tap.feed(chunk)

    def row(self, prices: PriceTable) -> UsageRow:
        """The row for what happened up to now."""
        reading = self._tap.read() if self._tap else Reading()
        outcome = self._refused or _outcome(reading)
        counts = _counts(reading, outcome)
        model = _label(reading.model) or self._model
        return UsageRow(
            request_id=new_id(),
            agent_id=self._agent_id,
            model=model,
            counts=counts,
            cost_nano_usd=self._cost(prices, reading, outcome, model, counts),
            outcome=outcome,
            status=self._status,
            started_at=self._started_at,
            first_byte_ms=self._first_byte_ms,
            duration_ms=self._elapsed_ms(),
            message_id=_label(reading.message_id),
            subagent_id=self._subagent_id,
        )

    def _cost(
        self,
        prices: PriceTable,
        reading: Reading,
        outcome: Outcome,
        model: str,
        counts: TokenCounts,
    ) -> int | None:
        if outcome is Outcome.REFUSED:
            return 0
        if outcome is Outcome.UNCOUNTED or not at_list_price(reading.usage):
            return None
        return prices.cost_nano_usd(model, counts, self._started_at)

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)


def _outcome(reading: Reading) -> Outcome:
    if not reading.usage:
        return Outcome.UNCOUNTED
    return Outcome.COMPLETE if reading.final else Outcome.CUT


def _counts(reading: Reading, outcome: Outcome) -> TokenCounts:
    counts = parse_usage(reading.usage)
    if outcome is not Outcome.CUT:
        return counts
    return dataclasses.replace(counts, output=max(counts.output, estimated_tokens(reading.chars)))


def _label(text: str | None) -> str | None:
    """A short printable name from outside, or None."""
    return text[:LABEL_CHARS] if text and text.isprintable() else None
