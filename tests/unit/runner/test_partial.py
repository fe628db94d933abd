"""Partial output is merged, bounded, and never shown with a hole in it."""

from autosclaw.protocol.link import Delta
from autosclaw.runner import partial
from autosclaw.runner.partial import Partials


def delta(text: str, block: int = 0, message_id: str = "m") -> Delta:
    return Delta(message_id=message_id, block=block, kind="text", text=text)


def test_a_block_is_one_delta() -> None:
    partials = Partials()
    for letter in "abc":
        partials.add(delta(letter))
        partials.add(delta(letter.upper(), block=1))
    assert partials.take() == [delta("abc"), delta("ABC", block=1)]
    assert partials.take() == []


def test_too_much_waiting_silences_those_blocks_until_they_are_final() -> None:
    partials = Partials()
    partials.add(delta("x" * partial.WAITING_CHARS))
    partials.add(delta("one too many", block=1))
    partials.add(delta("more", block=0))
    partials.add(delta("more", block=1))
    assert partials.take() == []
    partials.finish("m", 0)
    partials.add(delta("again", block=0))
    partials.add(delta("quiet", block=1))
    assert partials.take() == [delta("again")]


def test_a_final_block_makes_room() -> None:
    partials = Partials()
    for _ in range(3):
        partials.add(delta("x" * (partial.WAITING_CHARS - 1)))
        partials.finish("m", 0)
    partials.add(delta("x" * partial.WAITING_CHARS))
    assert len(partials.take()) == 1


def test_what_is_remembered_is_bounded() -> None:
    partials = Partials()
    for number in range(10_000):
        partials.miss(delta("x", message_id=f"m{number}"))
    assert len(partials._muted) <= 256
