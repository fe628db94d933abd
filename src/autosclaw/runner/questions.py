"""Puts the agent's questions and plans to people and waits for their answers.

Must not know sockets or the SDK: it is given what to announce with, and returns a verdict.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from uuid import uuid4

import msgspec

from autosclaw.protocol import limits
from autosclaw.protocol.events import AskClosed, AskOption, AskQuestion, AskUser, Event
from autosclaw.protocol.link import AskUserResponse
from autosclaw.runner.clip import clip_text

ASK_TOOL = "AskUserQuestion"
PLAN_TOOL = "ExitPlanMode"
# The key of a free reply to all questions at once.
RESPONSE_KEY = "response"
PLAN_QUESTION = "Go ahead with this plan?"
PLAN_APPROVE = "Approve"
PLAN_REJECT = "Keep planning"

_PLAN_CHARS = 100_000
_QUESTION_CHARS = 4_000
_LABEL_CHARS = 500
_DESCRIPTION_CHARS = 2_000
_HEADER_CHARS = 100

_EXPIRED = "Nobody answered in time. Go on with your best judgement and say what you assumed."
_REJECTED = "The plan was not approved. Keep planning and present it again."

Reason = Literal["answered", "interrupted", "expired", "ended"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`allowed` is the tool's input with the answers in it; else `denied` says why not."""

    allowed: dict[str, Any] | None = None
    denied: str = ""


class _WireOption(msgspec.Struct):
    label: str = ""
    description: str = ""


class _WireQuestion(msgspec.Struct, rename="camel"):
    question: str
    header: str = ""
    multi_select: bool = False
    options: list[_WireOption] = []


@dataclass(slots=True)
class _Open:
    """A question that waits. `texts` maps the texts people see to the tool's own."""

    texts: dict[str, str]
    answers: asyncio.Future[dict[str, Any]]
    closed_by: Reason = field(default="interrupted")


class Questions:
    """The open questions of one agent, oldest first."""

    def __init__(
        self, emit: Callable[[Event], None], changed: Callable[[], None], expire_seconds: float
    ) -> None:
        self._emit = emit
        self._changed = changed
        self._expire_seconds = expire_seconds
        self._open: dict[str, _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def ask(self, tool: str, given: dict[str, Any], tool_use_id: str | None) -> Verdict:
        """Announce the question and wait. Cancelled (by an interrupt): it is closed."""
        try:
            event, texts = _announcement(tool, given, tool_use_id)
        except msgspec.ValidationError:
            return Verdict(denied="The questions are malformed; ask again.")
        question = _Open(texts, asyncio.get_running_loop().create_future())
        identity = event.id = str(uuid4())
        self._open[identity] = question
        self._emit(event)
        self._changed()
        try:
            async with asyncio.timeout(self._expire_seconds):
                answers = await question.answers
            question.closed_by = "answered"
        except TimeoutError:
            question.closed_by = "expired"
            return Verdict(denied=_EXPIRED)
        finally:
            del self._open[identity]
            self._emit(AskClosed(id=identity, reason=question.closed_by))
            self._changed()
        return _plan_verdict(given, answers) if tool == PLAN_TOOL else _verdict(given, answers)

    def answer(self, response: AskUserResponse) -> bool:
        """Answer the named question, or the oldest when none is named. False: it is not open."""
        identity = response.question_id or next(iter(self._open), "")
        question = self._open.get(identity)
        if question is None or question.answers.done():
            return False
        named = {
            question.texts.get(text, text): _clipped(answer)
            for text, answer in response.answers.items()
        }
        question.answers.set_result(named)
        return True

    def end(self) -> None:
        """The session ends: whatever is open is closed with that reason when it is cancelled."""
        for question in self._open.values():
            question.closed_by = "ended"


def _announcement(
    tool: str, given: dict[str, Any], tool_use_id: str | None
) -> tuple[AskUser, dict[str, str]]:
    if tool == PLAN_TOOL:
        plan, _ = clip_text(str(given.get("plan", "")), _PLAN_CHARS)
        options = [AskOption(PLAN_APPROVE), AskOption(PLAN_REJECT)]
        question = AskQuestion(question=PLAN_QUESTION, header="Plan", options=options)
        return AskUser(questions=[question], tool_use_id=tool_use_id, kind="plan", plan=plan), {}
    wire = msgspec.convert(given.get("questions"), type=list[_WireQuestion])[: limits.QUESTIONS]
    texts: dict[str, str] = {}
    shown: list[AskQuestion] = []
    for question in wire:
        text, _ = clip_text(question.question, _QUESTION_CHARS)
        texts[text] = question.question
        shown.append(
            AskQuestion(
                question=text,
                header=clip_text(question.header, _HEADER_CHARS)[0] or None,
                multi_select=question.multi_select,
                options=[_option(option) for option in question.options[: limits.QUESTION_OPTIONS]],
            )
        )
    return AskUser(questions=shown, tool_use_id=tool_use_id), texts


def _option(option: _WireOption) -> AskOption:
    label, _ = clip_text(option.label, _LABEL_CHARS)
    description, _ = clip_text(option.description, _DESCRIPTION_CHARS)
    return AskOption(label, description or None)


def _clipped(answer: object) -> str | list[str]:
    if isinstance(answer, list):
        return [str(part)[: limits.ANSWER_CHARS] for part in cast("list[object]", answer)]
    return str(answer)[: limits.ANSWER_CHARS]


def _verdict(given: dict[str, Any], answers: Mapping[str, Any]) -> Verdict:
    reply = answers.get(RESPONSE_KEY)
    named = {text: answer for text, answer in answers.items() if text != RESPONSE_KEY}
    return Verdict(
        allowed={**given, "answers": named} | ({"response": str(reply)} if reply else {})
    )


def _plan_verdict(given: dict[str, Any], answers: Mapping[str, Any]) -> Verdict:
    answer = answers.get(PLAN_QUESTION, answers.get(RESPONSE_KEY, ""))
    text = ", ".join(answer) if isinstance(answer, list) else str(answer)  # pyright: ignore[reportUnknownArgumentType]
    if text == PLAN_APPROVE:
        return Verdict(allowed=given)
    return Verdict(denied=_REJECTED if text in ("", PLAN_REJECT) else text)
