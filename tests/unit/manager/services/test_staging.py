"""Events on their way to the disk: shown at once, written together, bounded."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autosclaw.manager.services.transcripts import Received, Transcript, Transcripts, receive
from autosclaw.manager.store import agents, config, messages, schema
from autosclaw.manager.store.database import Database, Tx
from autosclaw.protocol import limits

AGENT = "a" * 36
AT = "2026-03-04T18:57:56.000Z"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
SECONDS = 10


class Disk:
    """A writer that can be held up: jobs wait in its queue meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._go = threading.Event()

    async def hold(self) -> None:
        """Returns when the writer is busy."""
        busy = asyncio.Event()
        loop = asyncio.get_running_loop()

        def job(_tx: Tx) -> None:
            loop.call_soon_threadsafe(busy.set)
            self._go.wait(SECONDS)

        self._done = self._database.submit(job)
        await asyncio.wait_for(busy.wait(), SECONDS)

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.migrate(made.engine)
    made.start()
    values = {"id": AGENT, "name": "n", "purpose": "", "system_prompt": "", "permissions": ""}
    await made.write(lambda tx: agents.insert(tx, {**values, "model": "m"}, NOW))
    yield made
    await made.close()


@pytest.fixture
async def transcripts(database: Database) -> Transcripts:
    return Transcripts(database, lambda: NOW)


def said(first: int, count: int) -> list[Received]:
    texts = [
        json.dumps({"type": "output", "agentId": AGENT, "at": AT, "content": str(n)})
        for n in range(first, first + count)
    ]
    return [receive(AGENT, first + i, text.encode(), AT) for i, text in enumerate(texts)]


async def kept(database: Database) -> list[str]:
    rows = await database.read(lambda tx: messages.after(tx, AGENT, 0, 1_000, 1 << 20))
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    return [json.loads(text)["content"] for _, text in rows]


async def test_frames_that_wait_for_the_disk_share_one_write(
    database: Database, transcripts: Transcripts
) -> None:
    transcript = await transcripts.hold(AGENT)
    disk = Disk(database)
    await disk.hold()
    told: list[str] = []
    first = await transcripts.append(transcript, said(1, 2), lambda _tx: told.append("one"))
    second = await transcripts.append(transcript, said(3, 70), lambda _tx: told.append("two"))
    assert second is first
    assert (transcript.channel.last, transcript.acked) == (72, 0)
    disk.let_go()
    await asyncio.wait_for(first, SECONDS)
    assert (transcript.channel.committed, transcript.acked) == (72, 72)
    third = await transcripts.append(transcript, said(73, 1))
    assert third is not first
    await asyncio.wait_for(third, SECONDS)
    assert told == ["one", "two"]
    assert await kept(database) == [str(n) for n in range(1, 74)]


async def test_an_effect_that_fails_undoes_all_of_its_write(
    database: Database, transcripts: Transcripts
) -> None:
    transcript = await transcripts.hold(AGENT)
    broken: list[str] = []
    transcripts.on_broken.append(broken.append)
    disk = Disk(database)
    await disk.hold()
    done = await transcripts.append(transcript, said(1, 1))

    def fail(tx: Tx) -> None:
        config.setdefault(tx, "left", "behind")
        raise LookupError("no")

    assert await transcripts.append(transcript, said(2, 1), fail) is done
    disk.let_go()
    with pytest.raises(LookupError):
        await asyncio.wait_for(done, SECONDS)
    assert broken == [AGENT]
    assert await kept(database) == []
    assert transcript.acked == 0


async def test_an_agent_faster_than_the_disk_waits(
    database: Database, transcripts: Transcripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PENDING_BYTES", 1_000)
    transcript: Transcript = await transcripts.hold(AGENT)
    disk = Disk(database)
    await disk.hold()
    await transcripts.append(transcript, said(1, 2))
    await asyncio.wait_for(transcripts.room(transcript), SECONDS)
    await transcripts.append(transcript, said(3, 20))
    waiting = asyncio.create_task(transcripts.room(transcript))
    await database.read(lambda tx: None)  # the loop has gone round since
    assert not waiting.done()
    disk.let_go()
    await asyncio.wait_for(waiting, SECONDS)
    assert transcript.pending_bytes == 0
    assert len(await kept(database)) == 22


async def test_what_is_urgent_waits_for_no_company(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autosclaw.manager.store.database._LAZY_WINDOW_SECONDS", 600)
    lazy = database.submit(lambda tx: config.setdefault(tx, "k", "v"), lazy=True)
    await database.read(lambda tx: None)
    assert not lazy.done()
    database.hasten()
    assert await asyncio.wait_for(lazy, SECONDS) == "v"


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 63, 64, 65, 137])
async def test_any_number_of_rows_is_written(database: Database, rows: int) -> None:
    made = [messages.MessageRow(n, n, "output", f'{{"content":"{n}"}}', AT)
            for n in range(1, rows + 1)]  # fmt: skip
    await database.write(lambda tx: messages.append(tx, AGENT, made))
    assert await kept(database) == [str(n) for n in range(1, rows + 1)]
