"""Stores of agents, inputs, messages, questions and people over a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from autosclaw.manager.store import agents, inputs, messages, questions, schema, times, users
from autosclaw.manager.store.database import Database
from autosclaw.manager.store.questions import QuestionState
from autosclaw.protocol.agents import State
from autosclaw.protocol.people import Role

NOW = datetime(2026, 3, 4, 18, 57, 56, 1000, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("store") / "a.db"
    made = Database(f"sqlite:///{path}")
    schema.migrate(made.engine)
    yield made
    made.engine.dispose()


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction that is undone."""
    with database.engine.connect() as connection:
        yield connection
        connection.rollback()


def new(tx: Connection, agent_id: str = "a", **values: object) -> None:
    row = {"id": agent_id, "name": "n", "purpose": "", "system_prompt": "", "permissions": "",
           "model": "m"}  # fmt: skip
    agents.insert(tx, row | values, NOW)


def test_times_are_of_fixed_width_and_come_back() -> None:
    assert times.to_text(NOW) == "2026-03-04T18:57:56.001Z"
    assert times.from_text(times.to_text(NOW)) == NOW


def test_a_state_moves_only_from_where_it_is(tx: Connection) -> None:
    new(tx)
    assert agents.move(tx, "a", {State.REQUESTED}, State.CREATING, NOW, boot=1)
    assert not agents.move(tx, "a", {State.REQUESTED}, State.FAILED, NOW)
    row = agents.get(tx, "a")
    assert row is not None
    assert (row.state, row.boot, row.state_since) == (State.CREATING, 1, NOW)
    status = tx.exec_driver_sql("select status from agents where id = 'a'").scalar_one()
    assert status == "starting"


def test_a_transcript_advances_only_from_where_it_is(tx: Connection) -> None:
    new(tx)
    assert agents.advance(tx, "a", (0, 0), (3, 2))
    assert not agents.advance(tx, "a", (0, 0), (3, 2))
    assert not agents.advance(tx, "a", (3, 3), (4, 4))
    assert agents.advance(tx, "a", (3, 2), (4, 2))


def test_the_gateways_count_replaces_what_the_agent_said(tx: Connection) -> None:
    new(tx)
    assert agents.report_usage(tx, "a", {"input_tokens": 1_000, "cost_nano_usd": 5})
    agents.add_usage(tx, "a", {"input_tokens": 7, "cost_nano_usd": 2_000_000_000}, unknown=False)
    agents.add_usage(tx, "a", {"input_tokens": 3, "cost_nano_usd": 0}, unknown=True)
    agents.add_usage(tx, "a", {"input_tokens": 1, "cost_nano_usd": 1}, unknown=False)
    assert not agents.report_usage(tx, "a", {"input_tokens": 9_999})
    row = agents.get(tx, "a")
    assert row is not None
    assert (row.input_tokens, row.cost_nano_usd) == (11, 2_000_000_001)
    assert row.cost_unknown is True
    cost = tx.exec_driver_sql("select cost_usd from agents where id = 'a'").scalar_one()
    assert cost == pytest.approx(2.000000001)


def test_listings(tx: Connection) -> None:
    for number, state in enumerate(State):
        new(tx, state.value)
        later = times.to_text(NOW + timedelta(seconds=number))
        agents.change(tx, state.value, state=state, created_at=later, ended_at=later)
    ended = {"completed", "failed", "lost", "stopped"}
    everything = {state.value for state in State}
    assert {r.id for r in agents.listing(tx, include_deleted=True, limit=99)} == everything
    assert {r.id for r in agents.listing(tx, include_deleted=False, limit=99)} == everything - {
        "archived"
    }
    assert {r.id for r in agents.unended(tx)} == everything - ended - {"archived"}
    assert agents.count_unended(tx) == len(State) - 5
    current = agents.current(tx, ended_limit=2)
    assert {r.id for r in current} == everything - {"archived", "completed", "failed"}
    moments = [row.created_at for row in current]
    assert moments == sorted(moments, reverse=True)


def test_one_spawn_key_one_agent_and_one_token_one_agent(tx: Connection) -> None:
    new(tx, "a", spawn_key="k", token="t")
    assert agents.by_spawn_key(tx, "k") == agents.get(tx, "a") == agents.by_token_hash(tx, "t")
    for taken in ({"spawn_key": "k"}, {"token": "t"}):
        with pytest.raises(IntegrityError), tx.begin_nested():
            new(tx, "b", **taken)
    new(tx, "b")
    new(tx, "c")


def test_inputs_are_numbered_and_applied_up_to(tx: Connection) -> None:
    new(tx)

    def add(key: str | None = None) -> int:
        return inputs.add(tx, "a", input_id="i", kind=inputs.Kind.CHAT, payload="{}",
                          created_by=None, key=key, now=NOW)  # fmt: skip

    assert [add(), add("k"), add()] == [1, 2, 3]
    assert inputs.by_key(tx, "a", "k") == 2
    with pytest.raises(IntegrityError), tx.begin_nested():
        add("k")
    assert [row.number for row in inputs.pending(tx, "a", 1, 10)] == [2, 3]
    assert [row.number for row in inputs.pending(tx, "a", 0, 2)] == [1, 2]
    inputs.applied(tx, "a", 2, NOW)
    inputs.applied(tx, "a", 1, NOW)
    row = agents.get(tx, "a")
    assert row is not None
    assert (row.applied_input, row.last_input) == (2, 3)


def test_pages_of_messages(tx: Connection) -> None:
    new(tx)
    rows = [messages.MessageRow(n, n, "output", f'{{"n":"{n:04d}"}}', "t") for n in range(1, 101)]
    messages.append(tx, "a", rows)
    size = len(rows[0].event)
    everything = [(row.seq, row.event) for row in rows]
    assert messages.after(tx, "a", 0, 500, 10**6) == everything
    assert messages.after(tx, "a", 97, 2, 10**6) == everything[97:99]
    assert messages.after(tx, "a", 100, 2, 10**6) == []
    assert messages.before(tx, "a", 101, 3, 10**6) == everything[-3:]
    assert messages.before(tx, "a", 3, 10, 10**6) == everything[:2]
    assert messages.after(tx, "a", 0, 10, 3 * size) == everything[:3]
    assert messages.before(tx, "a", 101, 10, 3 * size) == everything[-3:]
    assert messages.after(tx, "a", 0, 10, 1) == everything[:1]
    with pytest.raises(IntegrityError), tx.begin_nested():
        messages.append(tx, "a", rows[:1])


def test_columns_for_other_programs(tx: Connection) -> None:
    new(tx)
    for seq, (kind, event) in enumerate(
        [
            ("output", '{"type":"output","msgType":"user_input","content":"hi"}'),
            ("output", '{"type":"output","msgType":"thinking","content":"hm"}'),
            ("tool_use", '{"type":"tool_use","name":"Bash"}'),
        ],
        start=1,
    ):
        messages.append(tx, "a", [messages.MessageRow(seq, seq, kind, event, "t")])
    found = tx.exec_driver_sql("select role, msg_type, text from messages order by seq")
    assert [tuple(row) for row in found] == [
        ("user", "user_input", "hi"),
        ("assistant", "thinking", "hm"),
        ("tool", "tool_use", None),
    ]


def test_the_first_answer_closes_a_question(tx: Connection) -> None:
    new(tx)
    questions.open_(tx, "q1", "a", "question", "[]", NOW)
    questions.open_(tx, "q2", "a", "question", "[]", NOW + timedelta(seconds=1))
    newest = questions.newest_open(tx, "a")
    assert newest is not None
    assert newest.id == "q2"
    assert questions.close(tx, "q2", QuestionState.ANSWERED, NOW, answered_by="one")
    assert not questions.close(tx, "q2", QuestionState.ANSWERED, NOW, answered_by="two")
    questions.open_(tx, "q2", "a", "question", "[1]", NOW)
    kept = questions.get(tx, "q2")
    assert kept is not None
    assert (kept.state, kept.answered_by, kept.questions) == (QuestionState.ANSWERED, "one", "[]")
    questions.close_all(tx, "a", NOW)
    assert questions.newest_open(tx, "a") is None


def test_people_are_the_same_whatever_the_case(tx: Connection) -> None:
    users.add(tx, "u", " Ämilie ", "h", Role.MEMBER, NOW)
    found = users.by_name(tx, "äMILIE")
    assert found is not None
    assert (found.username, found.role, found.disabled) == ("Ämilie", Role.MEMBER, False)
    with pytest.raises(IntegrityError), tx.begin_nested():
        users.add(tx, "v", "ÄMILIE", "h", Role.ADMIN, NOW)
    assert users.by_id(tx, "u") == found
    assert users.by_id(tx, "x") is None
    assert users.count(tx) == 1
