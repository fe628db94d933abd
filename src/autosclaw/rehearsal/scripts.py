"""Decides what the rehearsal model answers to a request: which script, which step.

It must not hold state between requests: everything is read from the conversation, so
any number of agents may rehearse at once and a restart changes nothing.

1. The newest text of a person that holds ``SCRIPT:[`` brings the script, also one sent
   while a tool ran. While it has steps left, each request plays the next one, whatever
   plain messages come in between.
2. Without any script, the first message of a conversation that offers the tools of an
   agent starts the demo (``demo.py``). An interrupt pauses it; "continue" goes on.
3. Everything else gets a short plain answer that says who is speaking.

A sub-agent's prompt is the first text of its own conversation: it brings its own script.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Literal

from autosclaw.rehearsal import demo
from autosclaw.rehearsal.conversation import Request, Turn
from autosclaw.rehearsal.steps import Script, Step, parse

MARK = re.compile(r"SCRIPT:\s*(?=\[)")
GO_ON = re.compile(r"\b(continue|go on|carry on|resume)\b", re.IGNORECASE)
# The CLI's own requests, told by their wording.
COMPACTING = "Your task is to create a detailed summary of the conversation"
COMPACTED = "This session is being continued from a previous conversation"
PLAIN_PACE = 120


@dataclass(frozen=True)
class Choice:
    """The step to play now."""

    step: Step
    repetition: int
    """Stands in for ``<<i>>``, from 1."""
    origin: Literal["script", "demo", "plain"]
    key: str
    """The same for a repeated request, different for the next one."""


def choose(request: Request) -> Choice:
    """The answer to a request; never fails: a faulty script is answered with its fault."""
    said = " ".join(request.turns[-1].said)
    if COMPACTING in said:
        return _plain(request, "<summary>A rehearsal was played up to here.</summary>")
    place = _newest_script(request.turns)
    if place is None:
        return _demo_or_plain(request, said)
    start, text, offset = place
    found = _load(text, offset).at(len(request.turns) - 1 - start)
    if found is None:
        return _plain(request, _introduction(said))
    return Choice(*found, "script", _key(request, text[offset:]))


def _newest_script(turns: tuple[Turn, ...]) -> tuple[int, str, int] | None:
    """The turn that brought the newest script, its text, and where in it the script is."""
    for number in range(len(turns) - 1, -1, -1):
        for text in reversed(turns[number].said):
            if found := MARK.search(text):
                return number, text, found.end()
    return None


def _load(text: str, offset: int) -> Script:
    try:
        steps, _ = json.JSONDecoder().raw_decode(text, offset)
        return parse(steps)
    except json.JSONDecodeError as error:
        fault = f"it is not valid JSON: {error.msg} at character {error.pos - offset + 1}"
    except RecursionError:
        fault = "it is nested too deeply"
    except ValueError as error:
        fault = str(error)
    return Script((Step(text=f"I cannot play this script: {fault}."),))


def _demo_or_plain(request: Request, said: str) -> Choice:
    prompt = next(iter(request.turns[0].said), "")
    if not prompt or not request.tools >= demo.NEEDED or prompt.startswith(COMPACTED):
        return _plain(request, _introduction(said))
    scene = _scene(request, prompt)
    played, paused = _demo_progress(request.turns, scene)
    if paused:
        return _plain(request, "I stopped where you interrupted me. Say “continue” for the rest.")
    step = demo.step(played, scene)
    if step is None:
        return _plain(request, _introduction(said))
    return Choice(step, 1, "demo", _key(request, prompt))


def _demo_progress(turns: tuple[Turn, ...], scene: demo.Scene) -> tuple[int, bool]:
    """How many demo steps came before the newest turn, and whether the demo is paused."""
    answered, paused = 0, False
    for number, turn in enumerate(turns):
        if number and not paused:
            answered += 1
        words = turn.said
        if turn.after_interrupt is not None:
            if number and not paused and _cut_short(turn, demo.step(answered - 1, scene)):
                answered -= 1
            words, paused = turn.after_interrupt, True
        if paused and any(GO_ON.search(text) for text in words):
            paused = False
    return answered, paused


def _cut_short(turn: Turn, step: Step | None) -> bool:
    """Whether an interrupt kept calls of the answered step from running to their end.

    The CLI starts calls while the answer still comes, so some may be done and the rest
    was never made.
    """
    planned = sum(block.tool is not None for _, block in step.contents()) if step else 0
    failed = any(call.is_error for call in turn.calls)
    return failed or not turn.calls or len(turn.calls) < planned


def _scene(request: Request, prompt: str) -> demo.Scene:
    mark = hashlib.sha256(f"{request.session}{prompt}".encode()).hexdigest()[:4]
    newest = request.turns[-1]
    return demo.Scene(
        prompt=prompt,
        name=f"durations-{mark}",
        tools=request.tools,
        calls=tuple(call for turn in request.turns for call in turn.calls),
        noted=tuple(text for turn in request.turns if turn.midway for text in turn.said),
        heard=tuple(newest.said) if newest.midway else (),
    )


def _introduction(said: str) -> str:
    if not said:
        return "Noted."
    return (
        f"I am the rehearsal model: I play scripts and do not think. I understood "
        f"{demo.quoted(said)}. Send SCRIPT:[…] to direct me."
    )


def _plain(request: Request, text: str) -> Choice:
    return Choice(Step(text=text, pace=PLAIN_PACE), 1, "plain", _key(request, text))


def _key(request: Request, played: str) -> str:
    """One digest for a request and its repetitions; not for the next or another session's."""
    parts = (request.session, request.model, str(len(request.turns)), played)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
