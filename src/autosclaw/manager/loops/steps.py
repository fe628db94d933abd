"""The supervisor's acts on one agent: start, stop, drain, give up.

Each act is safe to repeat: it writes what it is about to do, does it, writes that it is done.
Must not choose the act.
"""

import contextlib
from collections.abc import Callable

import structlog

from autosclaw.manager.domain.agents import Cause
from autosclaw.manager.domain.boxes import Box
from autosclaw.manager.domain.exits import Ending, judge
from autosclaw.manager.runtimes.base import (
    BoxSpec,
    Runtime,
    RuntimeGone,
    RuntimeRejected,
)
from autosclaw.manager.services.life import Life
from autosclaw.manager.services.link_session import token_digest
from autosclaw.manager.services.links import Links
from autosclaw.manager.services.spools import Spools
from autosclaw.manager.store import agents
from autosclaw.manager.store.agents import AgentRow
from autosclaw.manager.store.database import Database
from autosclaw.protocol import ids, limits
from autosclaw.protocol.agents import State
from autosclaw.protocol.bootstrap import Bootstrap, ProviderCredentials, encode

log = structlog.get_logger()


class Steps:
    """Acts on boxes and rows of one agent at a time."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        life: Life,
        links: Links,
        spools: Spools,
        manager_url: Callable[[], str],
        provider: ProviderCredentials | None,
        memory_bytes: int,
        cpus: float,
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._life = life
        self._links = links
        self._spools = spools
        self._manager_url = manager_url
        self._provider = provider
        self._memory_bytes = memory_bytes
        self._cpus = cpus

    async def start(self, row: AgentRow) -> bool:
        """A new boot: token and intent first, then the box, then "starting" (G7)."""
        token = ids.new_token()
        boot = row.boot + 1
        moved = await self._life.move(
            row.id, State.CREATING, Cause.RECONCILER, boot=boot, token=token_digest(token)
        )
        if not moved:
            return True
        bootstrap = Bootstrap(
            manager_url=self._manager_url(),
            agent_id=row.id,
            agent_token=token,
            provider=self._provider,
        )
        spec = BoxSpec(row.id, boot, encode(bootstrap), self._memory_bytes, self._cpus)
        try:
            await self._runtime.start(spec)
        except RuntimeRejected as error:
            await self._give_up(row.id, f"It could not be started: {error}")
            return True
        except RuntimeGone:
            return True
        await self._life.move(row.id, State.STARTING, Cause.RECONCILER)
        return False

    async def stop(self, row: AgentRow) -> None:
        """Ask the runner over its link and the box by signal; gone within STOP_SECONDS (G9)."""
        self._links.ask_to_close(row.id, "stop")
        with contextlib.suppress(RuntimeGone):
            await self._runtime.stop(row.id, limits.STOP_SECONDS)

    async def drain(self, row: AgentRow, box: Box | None) -> None:
        """Read what the dead box had not sent yet, record how it ended, remove it (G2)."""
        if row.state not in (State.DRAINING, State.STOPPING):
            await self._life.move(row.id, State.DRAINING, Cause.RECONCILER, missing_since=None)
        lost = None
        if box is not None:
            try:
                await self._spools.replay(row.id, self._runtime.read_spool(row.id))
            except RuntimeGone:
                lost = "Its box was removed before its last events were read."
        fresh = await self._database.read(lambda tx: agents.get(tx, row.id))
        if fresh is not None:
            ending = judge(fresh.state, fresh.desired, fresh.exit_outcome, fresh.exit_reason, box)
            await self._end(fresh, ending, lost)
        with contextlib.suppress(RuntimeGone):
            await self._runtime.remove(row.id)

    async def end_without_box(self, row: AgentRow) -> None:
        """It was to stop and there is no box (any more)."""
        await self._end(row, Ending(State.STOPPED, row.exit_reason or "Stopped."), None)

    async def _end(self, row: AgentRow, ending: Ending, lost: str | None) -> None:
        reason = f"{ending.reason} {lost}" if lost else ending.reason
        await self._life.move(row.id, ending.state, Cause.RECONCILER, reason=reason)
        self._links.cut(row.id)

    async def fail_start(self, row: AgentRow) -> None:
        """It never reported: end it with a name for what happened (G7)."""
        reason = f"It did not report within {limits.START_SECONDS:.0f} s after its start."
        with contextlib.suppress(RuntimeGone):
            await self._runtime.stop(row.id, 1.0)
            await self._spools.replay(row.id, self._runtime.read_spool(row.id))
        await self._give_up(row.id, reason)

    async def _give_up(self, agent_id: str, reason: str) -> None:
        log.warning("agent_not_started", agent=agent_id, reason=reason)
        await self._life.move(agent_id, State.FAILED, Cause.RECONCILER, reason=reason)
        with contextlib.suppress(RuntimeGone):
            await self._runtime.remove(agent_id)

    async def remove_unknown(self, agent_id: str) -> None:
        """A box with our label whose agent is not in the database."""
        log.warning("unknown_box_removed", agent=agent_id)
        with contextlib.suppress(RuntimeGone):
            await self._runtime.stop(agent_id, 1.0)
            await self._runtime.remove(agent_id)
