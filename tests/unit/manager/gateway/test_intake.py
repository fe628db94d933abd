"""Room for requests: what an agent and all agents together may hold."""

import pytest

from autosclaw.manager.gateway.answers import Refusal
from autosclaw.manager.gateway.intake import Room
from autosclaw.protocol import limits


def test_all_requests_together_hold_no_more_than_the_limit_and_give_it_back() -> None:
    room = Room(held_bytes=100)
    with room.hold() as first:
        first.add(60)
        with room.hold() as second:
            second.add(40)
            with pytest.raises(Refusal) as refused:
                second.add(1)
            assert refused.value.status == 429
        with room.hold() as third:
            third.add(40)
    with room.hold() as fourth:
        fourth.add(100)


def test_one_request_holds_no_more_than_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GATEWAY_BODY_BYTES", 10)
    with Room().hold() as hold:
        hold.add(10)
        with pytest.raises(Refusal) as refused:
            hold.add(1)
        assert refused.value.status == 413


def test_places_are_counted_by_agent_and_kind_and_are_free_after_a_failure() -> None:
    room = Room()
    with room.slot("a", "messages", 1):
        with pytest.raises(Refusal), room.slot("a", "messages", 1):
            pass
        with room.slot("b", "messages", 1), room.slot("a", "count", 1):
            pass
    with pytest.raises(ZeroDivisionError), room.slot("a", "messages", 1):
        raise ZeroDivisionError
    with room.slot("a", "messages", 1):
        pass
    assert not room._running
