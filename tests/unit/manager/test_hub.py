"""Channels: batches in order, partial text, what is kept of the newest events."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosclaw.manager.hub import Batch, Channel
from autosclaw.protocol import limits


class Follower:
    """A watcher that keeps what it is offered."""

    def __init__(self, *, plain: bool = False) -> None:
        self.plain = plain
        self.batches: list[Batch] = []
        self.shown: list[str] = []

    def offer(self, batch: Batch) -> None:
        self.batches.append(batch)

    def transient(self, _agent_id: str, frame: str, *, plain_too: bool) -> None:
        if plain_too or not self.plain:
            self.shown.append(frame)

    @property
    def events(self) -> list[tuple[int, object]]:
        found: list[tuple[int, object]] = []
        for batch in self.batches:
            frame = json.loads(batch.frame)
            assert frame["first"] == batch.first
            assert batch.last == batch.first + len(frame["events"]) - 1
            found += enumerate(frame["events"], frame["first"])
        return found


def event(number: int) -> str:
    return json.dumps({"n": number})


async def test_numbers_go_on_over_watchers_that_come_and_go() -> None:
    channel, first, second = Channel("a", 10), Follower(), Follower(plain=True)
    channel.publish([event(11)])
    channel.join(first)
    channel.publish([event(12), event(13)])
    channel.join(second)
    channel.publish([event(14)])
    channel.leave(first)
    channel.publish([event(15)])
    channel.leave(second)
    channel.publish([event(16)])
    channel.flush()
    channel.join(first)
    channel.publish([event(17)])
    channel.flush()
    assert [number for number, _ in first.events] == [12, 13, 17]
    assert [number for number, _ in second.events] == []
    for number, content in first.events + second.events:
        assert content == {"n": number}


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("publish"), st.integers(1, 5)),
            st.tuples(st.sampled_from(["join", "leave", "flush", "commit"]), st.integers(0, 2)),
        ),
        max_size=40,
    )
)
async def test_whatever_is_done_every_follower_sees_its_own_stretch(steps: list) -> None:
    channel = Channel("a", 0)
    followers = [Follower(), Follower(plain=True), Follower()]
    wanted: list[list[int]] = [[], [], []]
    for verb, number in steps:
        if verb == "publish":
            fresh = range(channel.last + 1, channel.last + number + 1)
            channel.publish([event(n) for n in fresh])
            for index, follower in enumerate(followers):
                if follower in channel.watchers:
                    wanted[index] += fresh
        elif verb == "join":
            channel.join(followers[number])
        elif verb == "leave":
            channel.flush()
            channel.leave(followers[number])
        elif verb == "flush":
            channel.flush()
        else:
            channel.commit(channel.last - number)
    channel.flush()
    for follower, numbers in zip(followers, wanted, strict=True):
        assert follower.events == [(n, {"n": n}) for n in numbers]


async def test_what_is_not_committed_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECENT_EVENTS", 3)
    channel = Channel("a", 0)
    channel.publish([event(n) for n in range(1, 11)])
    assert channel.recent_after(0) == [event(n) for n in range(1, 11)]
    channel.commit(5)
    assert channel.recent_after(4) is None
    assert channel.recent_after(5) == [event(n) for n in range(6, 11)]
    channel.commit(10)
    assert channel.recent_after(6) is None
    assert channel.recent_after(7) == [event(8), event(9), event(10)]
    assert channel.recent_after(10) == []
    channel.commit(3)
    assert channel.committed == 10


async def test_partial_text_is_void_once_it_is_final() -> None:
    channel, early = Channel("a", 0), Follower()
    channel.join(early)
    channel.delta("m1", 0, "thinking", "hm")
    channel.delta("m1", 1, "text", "Hel")
    channel.delta("m1", 1, "text", "lo")
    channel.flush()
    assert [json.loads(text)["text"] for text in channel.partial_deltas()] == ["hm", "Hello"]
    told = [d["text"] for frame in early.shown for d in json.loads(frame)["deltas"]]
    assert told == ["hm", "Hel", "lo"]
    channel.settle("m1", 0)
    assert [json.loads(text)["block"] for text in channel.partial_deltas()] == [1]
    channel.delta("m2", 0, "text", "new")
    assert [json.loads(text)["messageId"] for text in channel.partial_deltas()] == ["m2"]
    channel.settle("m2", None)
    assert channel.partial_deltas() == []
