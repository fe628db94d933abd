"""Managers that die as by kill -9, in the process of the test.

Every task a manager starts is known by its context. When it dies they are cancelled, its
connections are aborted without a close frame, and nothing of it reaches the database any more;
the boxes of the fake engine live on.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from autosclaw.manager.listeners import Listener
from autosclaw.testing.fake_runtime import FakeEngine
from autosclaw.testing.manager import RunningManager


class _Life:
    def __init__(self) -> None:
        self.tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.dead = False


_LIFE: contextvars.ContextVar[_Life | None] = contextvars.ContextVar("life", default=None)


def _make_task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any
) -> "asyncio.Task[Any]":
    life = _LIFE.get()
    if getattr(coro, "__qualname__", "") == "FakeEngine.run":
        life, options = None, {"context": contextvars.Context()}  # the engine is another process
    task = asyncio.Task(coro, loop=loop, **options)
    if life is not None:
        life.tasks.add(task)
        if life.dead:
            task.cancel()
    return task


class Mortal:
    """One after another over the same data, engine and ports."""

    def __init__(self, folder: Path, engine: FakeEngine, **options: Any) -> None:
        self.folder = folder
        self.engine = engine
        self.options = options
        self.ports = (0, 0)
        self.now: RunningManager | None = None
        self._life = _Life()

    async def start(self, **options: Any) -> RunningManager:
        """A manager; it must not be there already."""
        assert self.now is None
        self._life = _Life()
        made = RunningManager(
            self.folder, self.engine, ports=self.ports, **(self.options | options)
        )
        context = contextvars.copy_context()
        context.run(_LIFE.set, self._life)
        await asyncio.get_running_loop().create_task(made.start(), context=context)
        self.ports = made.ports
        self.now = made
        return made

    async def stop(self) -> int:
        """In good order."""
        now, self.now = self.now, None
        return await now.stop() if now is not None else 0

    async def kill(self) -> None:
        """At once."""
        now, self.now = self.now, None
        assert now is not None
        manager: Any = now.manager
        database = manager._context.database
        database._pending = 10**9  # takes no more jobs
        self._life.dead = True
        callbacks = [entry[1] for entry in manager._stack._exit_callbacks]
        owners = [getattr(getattr(cb, "__wrapped__", None), "__self__", None) for cb in callbacks]
        for listener in owners:
            if isinstance(listener, Listener):
                server: Any = listener._server
                for accepting in server.servers:
                    accepting.close()
                for connection in [*server.server_state.connections]:
                    connection.transport.abort()
        tasks = [*self._life.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        manager._loops.clear()
        await manager._stack.aclose()  # what the system frees: files, threads, the lock


@asynccontextmanager
async def mortal(folder: Path, engine: FakeEngine, **options: Any) -> AsyncIterator[Mortal]:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(_make_task)
    made = Mortal(folder, engine, **options)
    try:
        yield made
    finally:
        await made.stop()
        boxes = [box.task for box in engine.boxes.values() if box.task]
        for task in boxes:
            task.cancel()
        await asyncio.gather(*boxes, return_exceptions=True)
        loop.set_task_factory(None)
