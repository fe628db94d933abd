"""Questions and plans: how they are shown, answered, expire and are closed."""

import asyncio
from typing import Any

import pytest

from autosclaw.protocol import limits
from autosclaw.protocol.events import AskClosed, AskUser, Event
from autosclaw.protocol.link import AskUserResponse
from autosclaw.runner.questions import (
    ASK_TOOL,
    PLAN_APPROVE,
    PLAN_QUESTION,
    PLAN_REJECT,
    PLAN_TOOL,
    Questions,
    Verdict,
)


class Desk:
    """Questions, and what was announced of them."""

    def __init__(self, expire_seconds: float = 60) -> None:
        self.events: list[Event] = []
        self.counts: list[int] = []
        self.questions = Questions(
            self.events.append, lambda: self.counts.append(len(self.questions)), expire_seconds
        )

    async def ask(self, tool: str, given: dict[str, Any]) -> "asyncio.Task[Verdict]":
        asking = asyncio.create_task(self.questions.ask(tool, given, "toolu_1"))
        await asyncio.sleep(0)
        return asking

    def asked(self) -> AskUser:
        return [event for event in self.events if isinstance(event, AskUser)][-1]

    def closed(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, AskClosed)]


def question(text: str, **more: Any) -> dict[str, Any]:
    options = [{"label": "A", "description": "first"}, {"label": "B", "description": ""}]
    return {"question": text, "header": "Pick", "multiSelect": False, "options": options, **more}


def answer(desk: Desk, answers: dict[str, Any], *, named: bool = True) -> bool:
    identity = desk.asked().id if named else None
    return desk.questions.answer(AskUserResponse(answers=answers, question_id=identity))


@pytest.mark.parametrize("reply", ["A", ["A", "B"], "something else entirely"])
async def test_an_answer_reaches_the_tool(reply: Any) -> None:
    desk, given = Desk(), {"questions": [question("Which?", multiSelect=True)]}
    asking = await desk.ask(ASK_TOOL, given)
    shown = desk.asked()
    assert (shown.kind, shown.tool_use_id) == ("question", "toolu_1")
    assert (shown.questions[0].header, shown.questions[0].multi_select) == ("Pick", True)
    assert [option.label for option in shown.questions[0].options] == ["A", "B"]
    assert answer(desk, {"Which?": reply})
    assert await asking == Verdict(allowed={**given, "answers": {"Which?": reply}})
    assert desk.closed() == ["answered"]
    assert desk.counts == [1, 0]


async def test_a_free_reply_answers_all_at_once() -> None:
    desk, given = Desk(), {"questions": [question("One?"), question("Two?")]}
    asking = await desk.ask(ASK_TOOL, given)
    assert answer(desk, {"response": "neither, think again"})
    allowed = (await asking).allowed
    assert allowed == {**given, "answers": {}, "response": "neither, think again"}


async def test_an_answer_without_a_name_is_for_the_oldest() -> None:
    desk = Desk()
    first = await desk.ask(ASK_TOOL, {"questions": [question("First?")]})
    second = await desk.ask(ASK_TOOL, {"questions": [question("Second?")]})
    assert answer(desk, {"First?": "A"}, named=False)
    assert (await first).allowed
    assert not second.done()
    assert answer(desk, {"Second?": "B"}, named=False)
    assert (await second).allowed


async def test_only_the_first_answer_counts() -> None:
    desk = Desk()
    asking = await desk.ask(ASK_TOOL, {"questions": [question("Which?")]})
    assert answer(desk, {"Which?": "A"})
    assert not answer(desk, {"Which?": "B"})
    allowed = (await asking).allowed
    assert allowed is not None
    assert allowed["answers"] == {"Which?": "A"}
    assert not answer(desk, {"Which?": "B"})
    assert not desk.questions.answer(AskUserResponse(answers={}))


async def test_nobody_answers_in_time() -> None:
    desk = Desk(expire_seconds=0)
    asking = await desk.ask(ASK_TOOL, {"questions": [question("Which?")]})
    verdict = await asyncio.wait_for(asking, 5)
    assert verdict.allowed is None
    assert "Nobody answered" in verdict.denied
    assert desk.closed() == ["expired"]


async def test_an_interrupt_and_the_end_close_it() -> None:
    desk = Desk()
    for end, reason in ((lambda: None, "interrupted"), (desk.questions.end, "ended")):
        asking = await desk.ask(ASK_TOOL, {"questions": [question("Which?")]})
        end()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert desk.closed()[-1] == reason
    assert len(desk.questions) == 0


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (PLAN_APPROVE, True),
        (PLAN_REJECT, "The plan was not approved"),
        ("use a queue instead", "use a queue instead"),
    ],
)
async def test_a_plan_is_approved_or_gets_words(said: str, verdict: bool | str) -> None:
    desk, given = Desk(), {"plan": "# Plan\n1. do it", "planFilePath": "/p.md"}
    asking = await desk.ask(PLAN_TOOL, given)
    shown = desk.asked()
    assert (shown.kind, shown.plan) == ("plan", "# Plan\n1. do it")
    assert answer(desk, {PLAN_QUESTION: said})
    result = await asking
    if verdict is True:
        assert result == Verdict(allowed=given)
    else:
        assert result.allowed is None
        assert result.denied.startswith(str(verdict))


async def test_large_questions_are_cut_for_people_but_not_for_the_tool() -> None:
    desk, long = Desk(), "why? " * 2_000
    given = {"questions": [question(long)] * 9}
    asking = await desk.ask(ASK_TOOL, given)
    shown = desk.asked()
    assert len(shown.questions) == limits.QUESTIONS
    text = shown.questions[0].question
    assert len(text) < len(long)
    assert answer(desk, {text: "x" * 50_000})
    allowed = (await asking).allowed
    assert allowed is not None
    assert allowed["answers"] == {long: "x" * limits.ANSWER_CHARS}


@pytest.mark.parametrize("given", [{}, {"questions": "one"}, {"questions": [{"header": 1}]}])
async def test_malformed_questions_are_denied(given: dict[str, Any]) -> None:
    desk = Desk()
    verdict = await desk.questions.ask(ASK_TOOL, given, None)
    assert "malformed" in verdict.denied
    assert desk.events == []
