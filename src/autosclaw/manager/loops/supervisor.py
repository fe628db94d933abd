"""The supervisor: starts, stops, drains and removes boxes until they are as the rows want.

Owns the engine side of an agent's life. It looks at a hint (a verb, an engine event) at once and
at everything every 30 seconds; a listing that failed changes nothing (G8). Must not decide
(`domain.reconcile` does) and holds no truth: it can be killed between any two lines.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta

import structlog

from autosclaw.manager.domain.agents import Cause
from autosclaw.manager.domain.boxes import Box
from autosclaw.manager.domain.reconcile import Action, Facts, decide
from autosclaw.manager.loops.steps import Steps
from autosclaw.manager.runtimes.base import (
    Runtime,
    RuntimeGone,
    RuntimeUnavailable,
)
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.life import Life
from autosclaw.manager.store import agents
from autosclaw.manager.store.agents import AgentRow
from autosclaw.manager.store.database import Database, StoreUnavailable
from autosclaw.protocol import limits
from autosclaw.protocol.agents import State
from autosclaw.protocol.errors import DomainError

_STARTS_AT_ONCE = 4
_STEPS_AT_MOST = 12
_RETRY_SECONDS = 2.0
log = structlog.get_logger()


class Supervisor:
    """One per manager; `hint` may be called from anywhere in the event loop."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        steps: Steps,
        life: Life,
        fleet: Fleet,
        clock: Clock,
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._steps = steps
        self._life = life
        self._fleet = fleet
        self._clock = clock
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._gate = asyncio.Semaphore(_STARTS_AT_ONCE)
        self._all = asyncio.Event()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Reconcile at start, on hints and every 30 seconds, until cancelled."""
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                self._all.clear()
                try:
                    await self._reconcile_all()
                except StoreUnavailable as error:
                    log.warning("database_unavailable", error=str(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._all.wait(), limits.RECONCILE_SECONDS)
        finally:
            watching.cancel()
            for task in [*self._busy.values()]:
                task.cancel()
            for timer in self._timers.values():
                timer.cancel()

    def hint(self, agent_id: str) -> None:
        """Look at this agent now."""
        if agent_id in self._busy:
            self._again.add(agent_id)
            return
        task = asyncio.create_task(self._care(agent_id))
        self._busy[agent_id] = task
        task.add_done_callback(lambda _task: self._done(agent_id))

    def later(self, agent_id: str, seconds: float) -> None:
        """Look at this agent after some time."""
        old = self._timers.pop(agent_id, None)
        if old is not None:
            old.cancel()
        loop = asyncio.get_running_loop()
        self._timers[agent_id] = loop.call_later(seconds, self._due, agent_id)

    def _due(self, agent_id: str) -> None:
        self._timers.pop(agent_id, None)
        self.hint(agent_id)

    def _done(self, agent_id: str) -> None:
        task = self._busy.pop(agent_id, None)
        if task is not None and not task.cancelled() and task.exception() is not None:
            log.error("supervisor_failed", agent=agent_id, exc_info=task.exception())
            self.later(agent_id, _RETRY_SECONDS)
        if agent_id in self._again:
            self._again.discard(agent_id)
            self.hint(agent_id)

    async def _watch(self) -> None:
        """Engine events are hints; a lost connection is one to look at everything."""
        while True:
            try:
                async for event in self._runtime.watch():
                    if event.agent_id is None:
                        self._all.set()
                    else:
                        self.hint(event.agent_id)
            except RuntimeUnavailable as error:
                log.warning("engine_events_lost", error=str(error))
            await asyncio.sleep(_RETRY_SECONDS)

    async def _reconcile_all(self) -> None:
        try:
            boxes = await self._runtime.list()
        except RuntimeUnavailable as error:
            log.warning("engine_unavailable", error=str(error))
            return
        rows = await self._database.read(agents.unended)
        there = {box.agent_id: box for box in boxes}
        now = self._clock()
        for row in rows:
            box = there.pop(row.id, None)
            seen_again = row.missing_since is not None and box is not None
            if seen_again or decide(self._facts(row), box, now) is not Action.NOTHING:
                self.hint(row.id)
            else:
                self._wait_for(row)
        for agent_id in there:
            self.hint(agent_id)

    async def _care(self, agent_id: str) -> None:
        """Steps for one agent until there is nothing to do now."""
        for _ in range(_STEPS_AT_MOST):
            row = await self._database.read(lambda tx: agents.get(tx, agent_id))
            try:
                again = await self._step(agent_id, row)
            except RuntimeUnavailable as error:
                log.warning("engine_unavailable", agent=agent_id, error=str(error))
                await self._give_up_waiting(row, str(error))
                self.later(agent_id, _RETRY_SECONDS)
                return
            except DomainError as error:
                log.warning("supervisor_retry", agent=agent_id, error=error.message)
                self.later(agent_id, _RETRY_SECONDS)
                return
            if not again:
                return
        self.later(agent_id, _RETRY_SECONDS)

    async def _give_up_waiting(self, row: AgentRow | None, error: str) -> None:
        """A spawn is running or has failed with a name within 120 s, engine or not (G7)."""
        if row is None or row.state is not State.REQUESTED:
            return
        if (self._clock() - row.created_at).total_seconds() > limits.START_SECONDS:
            reason = f"The engine did not answer within {limits.START_SECONDS:.0f} s: {error}"
            await self._life.move(row.id, State.FAILED, Cause.RECONCILER, reason=reason)

    async def _step(self, agent_id: str, row: AgentRow | None) -> bool:
        """One decision and its act; True: look again at once."""
        box = await self._box(agent_id)
        if row is None:
            # Ours by label, and no row: a spawn that was rolled back, or a restored database.
            if box is not None:
                await self._steps.remove_unknown(agent_id)
            return False
        if row.missing_since is not None and box is not None:
            await self._database.write(lambda tx: agents.change(tx, agent_id, missing_since=None))
        action = decide(self._facts(row), box, self._clock())
        if action is Action.NOTHING:
            self._wait_for(row)
            return False
        log.info("supervisor_step", agent=agent_id, state=row.state, action=action)
        return await self._act(action, row, box)

    async def _box(self, agent_id: str) -> Box | None:
        try:
            return await self._runtime.inspect(agent_id)
        except RuntimeGone:
            return None

    def _facts(self, row: AgentRow) -> Facts:
        return Facts(
            row.state,
            row.desired,
            row.boot,
            row.state_since,
            row.missing_since,
            self._fleet.is_connected(row.id),
        )

    async def _act(self, action: Action, row: AgentRow, box: Box | None) -> bool:
        match action:
            case Action.START:
                async with self._gate:
                    return await self._steps.start(row)
            case Action.STOP:
                await self._steps.stop(row)
                return True
            case Action.DRAIN:
                await self._steps.drain(row, box)
                return True
            case Action.REMOVE:
                with contextlib.suppress(RuntimeGone):
                    await self._runtime.remove(row.id)
                return False
            case Action.FAIL_START:
                await self._steps.fail_start(row)
                return True
            case Action.END_STOPPED:
                await self._steps.end_without_box(row)
                return False
            case Action.MARK_MISSING:
                now = agents.to_text(self._clock())
                await self._database.write(lambda tx: agents.change(tx, row.id, missing_since=now))
                self.later(row.id, limits.RECONCILE_SECONDS)
                return False
            case Action.LOSE:
                reason = "Its container is gone and nobody of us removed it."
                await self._life.move(row.id, State.LOST, Cause.RECONCILER, reason=reason)
                return False
            case Action.NOTHING:
                return False

    def _wait_for(self, row: AgentRow) -> None:
        """Come back when a deadline of this state passes."""
        if row.state in (State.CREATING, State.STARTING):
            deadline = row.state_since + timedelta(seconds=limits.START_SECONDS + 1)
            self.later(row.id, max(1.0, _seconds_until(deadline, self._clock())))
        elif row.missing_since is not None:
            deadline = row.missing_since + timedelta(seconds=limits.RECONCILE_SECONDS + 0.5)
            self.later(row.id, max(1.0, _seconds_until(deadline, self._clock())))

    async def settle(self, seconds: float) -> int:
        """Shutdown: wait until no agent is left that wants to stop, at most `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            left = await self._database.read(agents.count_unended)
            if not (left or self._busy) or asyncio.get_running_loop().time() > deadline:
                return left
            await asyncio.sleep(0.1)


def _seconds_until(moment: datetime, now: datetime) -> float:
    return (moment - now).total_seconds()
