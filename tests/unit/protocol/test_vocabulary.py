"""The shared vocabulary: what is one tagged struct each, and what the wire looks like."""

import re

import msgspec
import pytest

from autosclaw.protocol import bootstrap, events, ids, link, live, spool
from autosclaw.protocol.agents import ENDED, PUBLIC_STATUS, State
from autosclaw.protocol.errors import Code


def test_every_state_has_a_public_status() -> None:
    assert set(PUBLIC_STATUS) == set(State)
    assert {State.COMPLETED, State.FAILED, State.LOST, State.STOPPED, State.ARCHIVED} == ENDED


def test_an_event_survives_the_wire_and_is_written_in_the_contracts_words() -> None:
    event = events.Output(agent_id="a", msg_type="text", content="x", message_id="m", block=0)
    text = events.encode(event)
    assert msgspec.json.decode(text) == {
        "type": "output", "agentId": "a", "content": "x", "messageId": "m", "block": 0,
    } | ({"msgType": "text"} if b"msgType" in text else {})  # fmt: skip
    assert msgspec.json.decode(text, type=events.Event) == event


def test_agents_may_not_write_what_is_the_managers() -> None:
    for own in (events.Answered(), events.StateChanged()):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(events.encode(own), type=events.AgentEvent)


def test_events_are_framed_without_being_encoded_again() -> None:
    texts = [b'{"type":"output", "odd" : [1,2 ]}', b'{"type":"tool_use"}']
    frame = msgspec.json.decode(link.encode_events(7, texts), type=link.Events)
    assert (frame.first, [bytes(raw) for raw in frame.events]) == (7, texts)


def test_bootstrap_is_closed_and_never_quoted() -> None:
    document = bootstrap.Bootstrap("http://h:1", "a", "t0ken")
    line = bootstrap.encode(document)
    assert line.count(b"\n") == 1
    assert bootstrap.decode(line) == document
    for bad in (
        line.replace(b'"agent_id"', b'"agent"'),
        line.replace(b"{", b'{"extra":1,', 1),
        line[:-5],
        b"\xff",
        line.replace(b'"agent_id":', b'"version":2,"agent_id":'),
        b" " * (bootstrap.BOOTSTRAP_BYTES + 1),
    ):
        with pytest.raises(bootstrap.BootstrapError) as refused:
            bootstrap.decode(bad)
        assert "t0ken" not in str(refused.value)


def test_spool_lines() -> None:
    line = spool.decode_line(spool.event_line(3, b'{"a":1}').rstrip())
    assert (line.seq, bytes(line.event or b"")) == (3, b'{"a":1}')
    assert spool.decode_line(spool.ack_line(9)).ack == 9
    assert spool.decode_line(spool.input_line(4)).input == 4
    with pytest.raises(msgspec.MsgspecError):
        spool.decode_line(b'{"seq":3,"event":{"a":')


def test_ids_and_tokens() -> None:
    assert ids.AGENT_ID.fullmatch(ids.new_id())
    assert re.fullmatch("[0-9a-f]{64}", ids.new_token())
    assert len({ids.new_token() for _ in range(50)}) == 50


def test_pages_frames_have_their_limits() -> None:
    for bad in (
        {"type": "chat", "agentId": "a", "message": ""},
        {"type": "chat", "agentId": "a", "message": "x" * 50_001},
        {"type": "stop_agents", "agentIds": ["a"] * 501},
        {"type": "watch", "agentId": "a", "tail": 501},
        {"type": "watch", "agentId": "a", "after": -1},
        {"type": "start_agent", "keepAliveSeconds": -1},
        {"type": "start_agent", "model": "a b"},
    ):
        with pytest.raises(ValueError, match=bad["type"]):
            live.client_message.validate_python(bad)


def test_every_code_has_a_name() -> None:
    assert len(Code) == len({code.value for code in Code})
