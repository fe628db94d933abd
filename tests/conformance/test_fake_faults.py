"""The fake's faults do what they say, so that tests built on them mean something."""

import asyncio

import pytest

from autosclaw.manager.runtimes.base import Box, BoxState, RuntimeRejected, RuntimeUnavailable
from autosclaw.testing.conformance import ended, refused, spec
from autosclaw.testing.fake_runtime import FakeBox, FakeEngine, FakeRuntime
from autosclaw.testing.runtime_harness import obey

KEY = ("i1", "a1")


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(obey)


async def test_a_lying_engine_lists_late(engine: FakeEngine) -> None:
    runtime = FakeRuntime(engine, "i1")
    engine.faults.late_listings = 2
    await runtime.start(spec("a1"))
    assert await runtime.list() == []
    assert await runtime.list() == []
    assert await runtime.list() == [Box("a1", 1, BoxState.RUNNING)]
    assert (await runtime.inspect("a1")).state is BoxState.RUNNING


async def test_an_engine_is_unavailable_for_as_long_as_it_is_told(engine: FakeEngine) -> None:
    runtime = FakeRuntime(engine, "i1")
    engine.faults.unavailable = 2
    await refused(RuntimeUnavailable, runtime.list())
    await refused(RuntimeUnavailable, runtime.start(spec("a1")))
    assert await runtime.list() == []
    assert engine.calls == ["list", "start a1", "list"]


async def test_a_refusing_engine_starts_nothing(engine: FakeEngine) -> None:
    runtime = FakeRuntime(engine, "i1")
    engine.faults.refusal = "no image"
    assert await refused(RuntimeRejected, runtime.start(spec("a1"))) == "no image"
    assert await refused(RuntimeRejected, runtime.check()) == "no image"
    assert await runtime.list() == []


async def test_a_slow_engine_answers_late(engine: FakeEngine) -> None:
    runtime = FakeRuntime(engine, "i1")
    engine.faults.delay_seconds = 3600
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runtime.list(), 0.01)


async def test_a_program_that_raises_is_a_box_that_crashed() -> None:
    async def crash(box: FakeBox) -> int:
        box.write_spool(b"last words")
        raise ValueError("broken")

    runtime = FakeRuntime(FakeEngine(crash), "i1")
    await runtime.start(spec("a1"))
    assert (await ended(runtime, "a1")).exit_code == 1
    assert [chunk async for chunk in runtime.read_spool("a1")] == [b"last words"]


async def test_boxes_can_be_killed_and_lost_from_outside(engine: FakeEngine) -> None:
    runtime = FakeRuntime(engine, "i1")
    await runtime.start(spec("a1"))
    engine.kill(KEY, oom=True)
    assert await runtime.list() == [Box("a1", 1, BoxState.EXITED, 137, oom_killed=True)]
    await runtime.start(spec("a1", boot=2))
    engine.lose(KEY)
    assert await runtime.list() == []


async def test_hints_can_be_lost(engine: FakeEngine) -> None:
    runtime = FakeRuntime(engine, "i1")
    engine.faults.lost_events = True
    hints = runtime.watch()
    assert (await anext(hints)).agent_id is None
    await runtime.start(spec("a1", exit=0))
    await ended(runtime, "a1")
    engine.faults.lost_events = False
    await runtime.remove("a1")
    # One hint, that of the removal: start and end were not told.
    assert (await anext(hints)).agent_id == "a1"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(hints), 0.01)
