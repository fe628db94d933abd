"""What agents spend: who may ask the model, and a durable row for every request.

Implements what the gateway asks for (`gateway.ports`). Must not price (`domain.usage` does).
"""

import asyncio

import msgspec

from autosclaw.manager.domain.usage import Caller, UsageRow
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.links import Links
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store import agents, usage
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.times import to_text

_TOTALS_SECONDS = 1.0
_NANO = 1_000_000_000


class Metering:
    """The ledger behind the model gateway."""

    def __init__(
        self, database: Database, transcripts: Transcripts, fleet: Fleet, links: Links
    ) -> None:
        self._database = database
        self._transcripts = transcripts
        self._fleet = fleet
        self._links = links
        self._due: dict[str, asyncio.Handle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def authenticate(self, token: str) -> Caller | None:
        """The agent whose token this is; None for nobody's, or an ended agent's."""
        row = await self._links.by_token(token)
        return Caller(row.id) if row else None

    async def admit(self, caller: Caller, model: str) -> str | None:
        """None: the request may go on. A sentence: it is refused with it."""
        del caller, model
        return None

    async def record(self, caller: Caller, row: UsageRow) -> None:
        """Keep one request and add it to its agent's totals, in one commit."""
        counts = row.counts
        added = {
            "input_tokens": counts.input,
            "output_tokens": counts.output,
            "cache_read_input_tokens": counts.cache_read,
            "cache_creation_input_tokens": counts.cache_write_5m + counts.cache_write_1h,
            "cost_nano_usd": row.cost_nano_usd or 0,
        }
        values = {
            "id": row.request_id,
            "agent_id": caller.agent_id,
            "model": row.model[:100],
            "input_tokens": counts.input,
            "output_tokens": counts.output,
            "cache_read_input_tokens": counts.cache_read,
            "cache_write_5m_tokens": counts.cache_write_5m,
            "cache_write_1h_tokens": counts.cache_write_1h,
            "web_searches": counts.web_searches,
            "cost_nano_usd": row.cost_nano_usd,
            "outcome": row.outcome,
            "http_status": row.status,
            "message_id": row.message_id,
            "subagent_id": row.subagent_id,
            "started_at": to_text(row.started_at),
            "first_byte_ms": row.first_byte_ms,
            "duration_ms": row.duration_ms,
        }

        def job(tx: Tx) -> None:
            usage.add(tx, values)
            agents.add_usage(tx, caller.agent_id, added, unknown=row.cost_nano_usd is None)

        await self._database.write(job)
        self._fleet.touch(caller.agent_id)
        self._show_totals(caller.agent_id)

    def _show_totals(self, agent_id: str) -> None:
        """Watchers see new totals within a second, and at most once a second."""
        if agent_id not in self._due:
            loop = asyncio.get_running_loop()
            self._due[agent_id] = loop.call_later(_TOTALS_SECONDS, self._start, agent_id)

    def _start(self, agent_id: str) -> None:
        self._due.pop(agent_id, None)
        task = asyncio.ensure_future(self._send_totals(agent_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_totals(self, agent_id: str) -> None:
        transcript = self._transcripts.peek(agent_id)
        if transcript is None or not transcript.channel.watchers:
            return
        row = await self._database.read(lambda tx: agents.get(tx, agent_id))
        if row is None:
            return
        totals = {
            "inputTokens": row.input_tokens,
            "outputTokens": row.output_tokens,
            "cacheReadInputTokens": row.cache_read_input_tokens,
            "cacheCreationInputTokens": row.cache_creation_input_tokens,
            "costUSD": row.cost_nano_usd / _NANO,
        }
        frame = {"type": "tokens", "agentId": agent_id, "tokens": totals}
        transcript.channel.send(msgspec.json.encode(frame).decode(), plain_too=True)

    def close(self) -> None:
        """Stop the timers."""
        for handle in self._due.values():
            handle.cancel()
