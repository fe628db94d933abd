"""What every runtime must do, as tests that are inherited and given a harness.

A test file subclasses `RuntimeConformance` and provides a fixture `harness`. Boxes run
`testing.box_program` or something that obeys the same orders. Must not know any runtime.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Protocol, cast

from autosclaw.manager.runtimes.base import (
    Box,
    BoxEvent,
    BoxSpec,
    BoxState,
    Runtime,
    RuntimeGone,
    RuntimeRejected,
    RuntimeUnavailable,
)
from autosclaw.protocol.ids import new_id

DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.05
MEMORY_BYTES = 256 << 20
KILLED = 137


class Harness(Protocol):
    """One kind of runtime under test. Everything it made is gone after its fixture."""

    def runtime(self, installation: str) -> Runtime:
        """A new one each time; the same installation sees the same boxes."""
        ...

    def unreachable(self) -> Runtime:
        """One whose engine does not answer."""
        ...

    async def evidence(self, installation: str, agent_id: str) -> bytes:
        """All that others on this machine may see of a running box: inspect, logs, env, argv."""
        ...


def spec(agent_id: str, boot: int = 1, **orders: object) -> BoxSpec:
    """A box that obeys `orders` (see `box_program`)."""
    line = json.dumps(orders).encode() + b"\n"
    return BoxSpec(agent_id, boot, line, memory_bytes=MEMORY_BYTES, cpus=1.0, pids=64)


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll until `condition` holds; fails with `what` after DEADLINE_SECONDS."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None


async def refused(kind: type[Exception], call: Awaitable[object]) -> str:
    """The sentence with which `call` raised `kind`; fails when it did not."""
    try:
        await call
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was not raised")


async def spool(runtime: Runtime, agent_id: str) -> bytes:
    """All of a box's spool."""
    return b"".join([chunk async for chunk in runtime.read_spool(agent_id)])


async def seen_by_box(runtime: Runtime, agent_id: str) -> dict[str, Any]:
    """What a box says it received, once it says so: then it also obeys its orders."""
    content = b""

    async def said() -> bool:
        nonlocal content
        content = await spool(runtime, agent_id)
        return b"\n" in content

    await until(said, f"agent {agent_id} wrote to its spool")
    return cast("dict[str, Any]", json.loads(content.partition(b"\n")[0]))


async def ended(runtime: Runtime, agent_id: str) -> Box:
    """The box once it has exited."""

    async def over() -> bool:
        return (await runtime.inspect(agent_id)).state is BoxState.EXITED

    await until(over, f"agent {agent_id} exited")
    return await runtime.inspect(agent_id)


class RuntimeConformance:
    """Inherit this in a test file and give it a fixture `harness`."""

    async def test_a_box_runs_is_listed_ends_and_is_removed(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.check()
        assert await runtime.list() == []
        await runtime.start(spec(agent_id, on_term="exit:7"))
        await seen_by_box(runtime, agent_id)
        assert await runtime.list() == [Box(agent_id, 1, BoxState.RUNNING)]
        await runtime.stop(agent_id, 20)
        assert await runtime.list() == [Box(agent_id, 1, BoxState.EXITED, exit_code=7)]
        assert await runtime.inspect(agent_id) == Box(agent_id, 1, BoxState.EXITED, exit_code=7)
        await runtime.remove(agent_id)
        assert await runtime.list() == []

    async def test_a_box_that_ends_by_itself_keeps_its_exit_code(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, exit=5))
        assert (await ended(runtime, agent_id)).exit_code == 5
        assert [box.exit_code for box in await runtime.list()] == [5]

    async def test_a_box_that_ignores_sigterm_is_killed_after_the_grace(
        self, harness: Harness
    ) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, on_term="ignore"))
        await seen_by_box(runtime, agent_id)
        await runtime.stop(agent_id, 1)
        box = await runtime.inspect(agent_id)
        assert (box.state, box.exit_code) == (BoxState.EXITED, KILLED)

    async def test_stop_and_remove_may_be_called_twice(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id))
        await seen_by_box(runtime, agent_id)
        await runtime.stop(agent_id, 10)
        await runtime.stop(agent_id, 10)
        assert (await runtime.inspect(agent_id)).exit_code == 0
        await runtime.remove(agent_id)
        await runtime.remove(agent_id)

    async def test_a_running_box_is_not_removed(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id))
        before = await seen_by_box(runtime, agent_id)
        await refused(RuntimeRejected, runtime.remove(agent_id))
        assert (await runtime.inspect(agent_id)).state is BoxState.RUNNING
        assert await seen_by_box(runtime, agent_id) == before

    async def test_what_does_not_exist_is_gone(self, harness: Harness) -> None:
        runtime, nobody = harness.runtime(new_id()), new_id()
        await runtime.check()
        await refused(RuntimeGone, runtime.inspect(nobody))
        await refused(RuntimeGone, runtime.stop(nobody, 1))
        await refused(RuntimeGone, spool(runtime, nobody))
        await runtime.remove(nobody)

    async def test_starting_the_same_boot_again_adopts_the_box(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, boot=3))
        before = await seen_by_box(runtime, agent_id)
        await runtime.start(spec(agent_id, boot=3))
        assert await seen_by_box(runtime, agent_id) == before
        assert await runtime.list() == [Box(agent_id, 3, BoxState.RUNNING)]

    async def test_two_starts_at_once_make_one_box(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.check()
        await asyncio.gather(*(runtime.start(spec(agent_id)) for _ in range(3)))
        await seen_by_box(runtime, agent_id)
        assert await runtime.list() == [Box(agent_id, 1, BoxState.RUNNING)]

    async def test_another_boot_replaces_the_box(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, boot=1, on_term="ignore"))
        before = await seen_by_box(runtime, agent_id)
        await runtime.start(spec(agent_id, boot=2))
        assert (await seen_by_box(runtime, agent_id))["nonce"] != before["nonce"]
        assert await runtime.list() == [Box(agent_id, 2, BoxState.RUNNING)]

    async def test_an_ended_box_of_the_same_boot_is_replaced(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, exit=9))
        await ended(runtime, agent_id)
        await runtime.start(spec(agent_id))
        await seen_by_box(runtime, agent_id)
        assert await runtime.list() == [Box(agent_id, 1, BoxState.RUNNING)]

    async def test_another_installations_box_is_neither_seen_nor_touched(
        self, harness: Harness
    ) -> None:
        ours, theirs = harness.runtime(new_id()), harness.runtime(new_id())
        agent_id = new_id()
        await theirs.start(spec(agent_id))
        before = await seen_by_box(theirs, agent_id)
        await ours.check()
        assert await ours.list() == []
        await refused(RuntimeGone, ours.inspect(agent_id))
        await refused(RuntimeGone, ours.stop(agent_id, 0))
        await ours.remove(agent_id)
        await ours.start(spec(agent_id, boot=2))
        await ours.stop(agent_id, 0)
        await ours.remove(agent_id)
        assert await theirs.list() == [Box(agent_id, 1, BoxState.RUNNING)]
        assert await seen_by_box(theirs, agent_id) == before

    async def test_a_restarted_manager_finds_and_ends_its_boxes(self, harness: Harness) -> None:
        installation, agent_id = new_id(), new_id()
        first = harness.runtime(installation)
        await first.start(spec(agent_id))
        before = await seen_by_box(first, agent_id)
        await first.close()
        second = harness.runtime(installation)
        assert await second.list() == [Box(agent_id, 1, BoxState.RUNNING)]
        await second.start(spec(agent_id))
        assert await seen_by_box(second, agent_id) == before
        await second.stop(agent_id, 10)
        assert (await second.inspect(agent_id)).state is BoxState.EXITED

    async def test_an_engine_that_is_silent_is_never_an_empty_list(self, harness: Harness) -> None:
        runtime, agent_id = harness.unreachable(), new_id()
        await refused(RuntimeUnavailable, runtime.list())
        await refused(RuntimeUnavailable, runtime.inspect(agent_id))
        await refused(RuntimeUnavailable, runtime.start(spec(agent_id)))
        await refused(RuntimeUnavailable, runtime.stop(agent_id, 1))
        await refused(RuntimeUnavailable, runtime.remove(agent_id))
        await refused(RuntimeUnavailable, spool(runtime, agent_id))

    async def test_the_whole_spool_of_a_killed_box_can_be_read(self, harness: Harness) -> None:
        size = (3 << 20) + 17
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, spool_bytes=size, on_term="ignore"))
        await seen_by_box(runtime, agent_id)
        await runtime.stop(agent_id, 0)
        head, _, rest = (await spool(runtime, agent_id)).partition(b"\n")
        assert json.loads(head)["length"] > 0
        assert len(rest) == size
        assert set(rest.splitlines()[:-1]) == {rest.splitlines()[0]}
        await runtime.remove(agent_id)
        await refused(RuntimeGone, spool(runtime, agent_id))

    async def test_a_box_without_a_spool_gives_nothing(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.start(spec(agent_id, no_spool=True, exit=0))
        await ended(runtime, agent_id)
        assert await spool(runtime, agent_id) == b""

    async def test_the_bootstrap_arrives_whole_and_is_seen_nowhere(self, harness: Harness) -> None:
        installation, agent_id = new_id(), new_id()
        runtime = harness.runtime(installation)
        canary = f"canary-{secrets.token_hex(16)}"
        box = spec(agent_id, secret=canary, padding="p" * 300_000)
        await runtime.start(box)
        seen = await seen_by_box(runtime, agent_id)
        assert seen["length"] == len(box.bootstrap)
        assert seen["sha256"] == hashlib.sha256(box.bootstrap).hexdigest()
        evidence = await harness.evidence(installation, agent_id)
        assert agent_id.encode() in evidence
        assert canary.encode() not in evidence

    async def test_ten_boxes_at_once(self, harness: Harness) -> None:
        runtime = harness.runtime(new_id())
        agents = sorted(new_id() for _ in range(10))
        await asyncio.gather(*(runtime.start(spec(agent_id)) for agent_id in agents))
        nonces = [(await seen_by_box(runtime, agent_id))["nonce"] for agent_id in agents]
        assert len(set(nonces)) == 10
        listed = await runtime.list()
        assert sorted(box.agent_id for box in listed) == agents
        assert {box.state for box in listed} == {BoxState.RUNNING}
        await asyncio.gather(*(runtime.stop(agent_id, 10) for agent_id in agents))
        assert {box.exit_code for box in await runtime.list()} == {0}
        await asyncio.gather(*(runtime.remove(agent_id) for agent_id in agents))
        assert await runtime.list() == []

    async def test_changes_are_hinted(self, harness: Harness) -> None:
        runtime, agent_id = harness.runtime(new_id()), new_id()
        await runtime.check()
        async with aclosing(cast("Any", runtime.watch())) as hints:
            assert await _next_hint(hints) == BoxEvent(None)
            await runtime.start(spec(agent_id))
            await seen_by_box(runtime, agent_id)
            assert await _next_hint(hints) == BoxEvent(agent_id)
            await runtime.stop(agent_id, 10)
            # The end is hinted after it can be seen: looking at each hint is enough.
            while (await runtime.inspect(agent_id)).state is not BoxState.EXITED:
                await _next_hint(hints)
            assert await _next_hint(hints) == BoxEvent(agent_id)


async def _next_hint(hints: AsyncIterator[BoxEvent]) -> BoxEvent:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await anext(hints)
