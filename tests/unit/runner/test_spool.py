"""What was accepted survives, in order; what is acknowledged goes; what is full waits."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autosclaw.protocol import limits
from autosclaw.protocol.spool import SPOOL_FILE, ack_line, decode_line, event_line, input_line
from autosclaw.runner import spool as spool_module
from autosclaw.runner.spool import Spool, SpoolError


def event(number: int, size: int = 0) -> bytes:
    return b'{"type":"output","content":"%d%s"}' % (number, b"x" * size)


def everything(spool: Spool) -> list[bytes]:
    return spool.read(spool.acked, 1 << 30, 1 << 20)


async def test_numbers_events_and_gives_them_back(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    assert [spool.append(event(n)) for n in (1, 2, 3)] == [1, 2, 3]
    assert spool.read(1, 1 << 20, 100) == [event(2), event(3)]
    assert spool.read(0, 1, 100) == [event(1)]
    assert spool.read(0, 1 << 20, 2) == [event(1), event(2)]
    assert spool.read(3, 1 << 20, 100) == []


async def test_goes_on_where_it_was(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    for number in range(1, 6):
        spool.append(event(number))
    spool.ack(2)
    await spool.record_input(7)
    await spool.close()
    again = Spool.open(tmp_path)
    assert (again.acked, again.last_seq, again.last_input) == (2, 5, 7)
    assert everything(again) == [event(3), event(4), event(5)]
    assert again.append(event(6)) == 6


@pytest.mark.parametrize("torn", [b'{"seq":3,"event":{"ty', b'{"seq":3,"event":{}}', b"\x00\x00"])
async def test_a_torn_last_line_was_never_accepted(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / SPOOL_FILE
    path.write_bytes(event_line(1, event(1)) + event_line(2, event(2)) + torn)
    spool = Spool.open(tmp_path)
    assert spool.last_seq == 2
    assert path.read_bytes() == event_line(1, event(1)) + event_line(2, event(2))
    assert spool.append(event(3)) == 3
    await spool.close()
    assert everything(Spool.open(tmp_path)) == [event(1), event(2), event(3)]


async def test_a_jump_in_the_numbers_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / SPOOL_FILE).write_bytes(event_line(1, event(1)) + event_line(3, event(3)))
    with pytest.raises(SpoolError, match="from 1 to 3"):
        Spool.open(tmp_path)


async def test_an_empty_spool_goes_on_after_what_the_manager_holds(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    spool.begin_after(41)
    assert spool.append(event(42)) == 42
    await spool.close()
    again = Spool.open(tmp_path)
    assert (again.acked, again.last_seq) == (41, 42)


async def test_a_manager_that_knows_more_moves_the_numbers_on(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    spool.append(event(1))
    spool.begin_after(10)
    assert spool.append(event(11)) == 11
    await spool.close()
    assert everything(Spool.open(tmp_path)) == [event(11)]


async def test_acks_of_unknown_and_old_numbers_change_nothing(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    spool.append(event(1))
    spool.append(event(2))
    spool.ack(1)
    spool.ack(0)
    assert (spool.acked, spool.last_seq) == (1, 2)
    spool.ack(99)
    assert (spool.acked, spool.last_seq) == (2, 2)


async def test_inputs_only_move_forward(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    await spool.record_input(5)
    await spool.record_input(4)
    await spool.close()
    assert (tmp_path / SPOOL_FILE).read_bytes() == input_line(5)


async def test_rewrites_itself_without_losing_what_comes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "COMPACT_BYTES", 4_000)
    monkeypatch.setattr(spool_module, "SYNC_SECONDS", 0.001)
    spool = Spool.open(tmp_path)
    spool.start()
    path = tmp_path / SPOOL_FILE
    await spool.record_input(3)
    files = {path.stat().st_ino}
    number = 0
    async with asyncio.timeout(30):
        while len(files) < 4 or number < 500:
            number += 1
            spool.append(event(number, size=100))
            spool.ack(number - 5)
            await asyncio.sleep(0)
            assert everything(spool) == [event(n, 100) for n in range(spool.acked + 1, number + 1)]
            files.add(path.stat().st_ino)
    await spool.close()
    first = decode_line(path.read_bytes().splitlines()[0])
    assert first.ack is not None
    assert first.ack > 100
    again = Spool.open(tmp_path)
    assert (again.acked, again.last_seq, again.last_input) == (number - 5, number, 3)
    assert everything(again) == [event(n, 100) for n in range(number - 4, number + 1)]


async def test_a_full_spool_makes_the_writer_wait_and_drops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SPOOL_PAUSE_BYTES", 1_000)
    monkeypatch.setattr(limits, "SPOOL_RESUME_BYTES", 500)
    spool = Spool.open(tmp_path)
    written: list[int] = []

    async def write() -> None:
        for number in range(1, 101):
            written.append(await spool.put(event(number, size=50)))

    writing = asyncio.create_task(write())
    for _ in range(200):
        await asyncio.sleep(0)
    paused_at = len(written)
    assert 0 < paused_at < 20
    # Still above the lower mark: nobody goes on yet.
    spool.ack(1)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(written) == paused_at
    taken: list[bytes] = []
    async with asyncio.timeout(20):
        while not writing.done() or spool.last_seq > spool.acked:
            taken += everything(spool)
            spool.ack(spool.last_seq)
            await asyncio.sleep(0)
    await writing
    assert [event(1, 50), *taken[-99:]] == [event(n, 50) for n in range(1, 101)]


async def test_drained_waits_for_the_last_acknowledgement(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path)
    spool.append(event(1))
    spool.append(event(2))
    draining = asyncio.create_task(spool.drained())
    await asyncio.sleep(0)
    spool.ack(1)
    await asyncio.sleep(0)
    assert not draining.done()
    spool.ack(2)
    await asyncio.wait_for(draining, 5)


async def test_a_failed_write_leaves_no_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool.open(tmp_path)
    spool.append(event(1))
    real = os.pwrite

    def full(descriptor: int, data: bytes, offset: int) -> int:
        real(descriptor, data[:5], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(SpoolError, match="No space left"):
        spool.append(event(2))
    monkeypatch.setattr(os, "pwrite", real)
    assert spool.append(event(2)) == 2
    assert (tmp_path / SPOOL_FILE).read_bytes() == event_line(1, event(1)) + event_line(2, event(2))


_WRITER = """
import asyncio, sys
from pathlib import Path
from autosclaw.runner import spool as module
module.COMPACT_BYTES = 20_000
module.SYNC_SECONDS = 0.001
async def main():
    spool = module.Spool.open(Path(sys.argv[1]))
    spool.start()
    print(f"open {spool.acked} {spool.last_seq}", flush=True)
    while True:
        seq = spool.append(b'{"type":"output","content":"%d"}' % (spool.last_seq + 1))
        print(seq, flush=True)
        spool.ack(seq - 3)
        await asyncio.sleep(0)
asyncio.run(main())
"""


def test_a_killed_writer_loses_nothing_it_accepted(tmp_path: Path) -> None:
    reported = 0
    path = tmp_path / SPOOL_FILE
    for round_number in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            opened = writer.stdout.readline().split()
            assert int(opened[2]) >= reported
            file, read = path.stat().st_ino, 0
            # Killed after it has rewritten its file, at another point each time.
            while read < 400 + 37 * round_number or path.stat().st_ino == file:
                line = writer.stdout.readline()
                read += 1
            os.kill(writer.pid, signal.SIGKILL)
            rest = writer.stdout.read().split(b"\n")
        complete = [line, *rest[:-1]]
        reported = int(complete[-1])
    spool = Spool.open(tmp_path)
    assert reported <= spool.last_seq <= reported + 1
    expected = range(spool.acked + 1, spool.last_seq + 1)
    assert everything(spool) == [b'{"type":"output","content":"%d"}' % n for n in expected]
    assert ack_line(spool.acked) in path.read_bytes()


def test_lines_are_read_back_as_they_were_written() -> None:
    """The manager reads the same lines out of a dead container."""
    line = decode_line(event_line(7, event(1)))
    assert (line.seq, line.event is not None and bytes(line.event)) == (7, event(1))
    assert (decode_line(ack_line(3)).ack, decode_line(ack_line(3)).event) == (3, None)
    assert decode_line(input_line(4)).input == 4
