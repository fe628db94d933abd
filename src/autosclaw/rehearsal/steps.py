"""The script language: what a step may hold, checked, and laid out turn by turn.

It must not look at a conversation; which script is played is decided in ``scripts``.

A script is a JSON list of steps in a user's text, after ``SCRIPT:``::

    Please rehearse this. SCRIPT:[
      {"tool": "Bash", "input": {"command": "make test"}},
      {"blocks": [{"think": "Two files matter."},
                  {"tool": "Read", "input": {"file_path": "/work/a"}},
                  {"tool": "Read", "input": {"file_path": "/work/b"}}]},
      {"text": "Done: <<result>>", "pace": 60}]

Step *n* is the model's answer to its *n*-th request after that text. A step is a string
(short for ``{"text": …}``) or an object with **at most one** kind of content:

=========== ===========================================================================
``text``    says it (a step without content says "ok")
``think``   thinks it
``tool``    calls the tool of that name with ``input`` (an object); ``id`` sets the call's id
``raw``     sends this content block as it is
``blocks``  a list of the above: one message with several blocks, so parallel tool calls
=========== ===========================================================================

and any of these:

=========== ===========================================================================
``repeat``  on a step: play it for that many turns; on a block: put it in that often
``delay``   seconds before the first byte
``gap``     seconds between deltas
``pace``    characters a second, as a model writes (thinking is 1.5, tool input 6 times as fast)
``usage``   token counts by the API's names, instead of the estimate: ``input_tokens``,
            ``output_tokens``, ``cache_read_input_tokens``, ``cache_creation_input_tokens``,
            ``cache_creation``: {``ephemeral_5m_input_tokens``, ``ephemeral_1h_input_tokens``}
``stop``    the stop reason, else ``tool_use`` or ``end_turn``
``model``   the model's name in the answer; ``headers``: extra response headers
``fail``    a list of failures that come before the step is served, see :class:`Fail`
=========== ===========================================================================

In texts, thoughts and the strings of a tool's input, ``<<i>>`` is the number of the
repetition (from 1), ``<<result>>`` the newest tool result, ``<<message>>`` the newest
text a person wrote.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from autosclaw.rehearsal.limits import (
    MAX_BLOCKS,
    MAX_DELAY_SECONDS,
    MAX_FAIL_TIMES,
    MAX_GAP_SECONDS,
    MAX_REPEAT,
    MAX_TURNS,
)

Tokens = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Repeat = Annotated[int, Meta(ge=1, le=MAX_REPEAT)]
HeaderText = Annotated[str, Meta(pattern=r"^[\x20-\x7e]*$", max_length=1_000)]
# What the content kinds of a block are called, in the order errors list them.
KINDS = ("text", "think", "tool", "raw", "blocks")


class CacheWrites(Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens written to the prompt cache, by how long they are kept."""

    ephemeral_5m_input_tokens: Tokens = 0
    ephemeral_1h_input_tokens: Tokens = 0


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """Token counts that replace the estimate where they are set."""

    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    cache_read_input_tokens: Tokens | None = None
    cache_creation_input_tokens: Tokens | None = None
    cache_creation: CacheWrites | None = None


class Fail(Struct, frozen=True, forbid_unknown_fields=True):
    """One way to fail, used ``times`` times for the same request before the next entry.

    ``status`` is the HTTP status (400–599), or 0 to drop the connection. With ``mid`` the
    answer starts well and fails after that many deltas: with an ``error`` event, or with a
    dropped connection when the status is 0. ``type``, ``message`` and ``headers`` (such as
    ``retry-after``) replace the usual ones; ``body`` replaces the whole JSON body.
    """

    status: Annotated[int, Meta(ge=0, le=599)]
    times: Annotated[int, Meta(ge=1, le=MAX_FAIL_TIMES)] = 1
    type: str | None = None
    message: str | None = None
    headers: dict[str, HeaderText] = {}
    mid: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    body: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if 0 < self.status < 400:
            raise ValueError("status must be 0 (drop the connection) or 400 to 599")


class Block(Struct, frozen=True, forbid_unknown_fields=True):
    """One content block of a message; see the module for the fields."""

    text: str | None = None
    think: str | None = None
    tool: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    input: dict[str, Any] = {}
    id: str | None = None
    raw: dict[str, Any] | None = None
    repeat: Repeat = 1

    def __post_init__(self) -> None:
        held = [kind for kind in KINDS if getattr(self, kind, None) is not None]
        if len(held) > 1:
            raise ValueError(f'one of {", ".join(held)} at a time; put several in "blocks"')
        if self.tool is None and (self.input or self.id):
            raise ValueError('"input" and "id" need a "tool"')
        if self.raw is not None and not isinstance(self.raw.get("type"), str):
            raise ValueError('"raw" needs a "type"')


class Step(Block, frozen=True, forbid_unknown_fields=True):
    """One assistant turn, or ``repeat`` of them; see the module for the fields."""

    blocks: Annotated[list[str | Block], Meta(min_length=1)] | None = None
    usage: Usage = Usage()
    stop: str | None = None
    model: str | None = None
    headers: dict[str, HeaderText] = {}
    delay: Annotated[float, Meta(ge=0, le=MAX_DELAY_SECONDS)] = 0
    gap: Annotated[float, Meta(ge=0, le=MAX_GAP_SECONDS)] = 0
    pace: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None
    fail: list[Fail] = []

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.blocks and sum(_repeats(block) for block in self.blocks) > MAX_BLOCKS:
            raise ValueError(f"more than {MAX_BLOCKS} blocks in one message")

    def contents(self) -> Iterator[tuple[int, Block]]:
        """Every block of the message with the number of its repetition, from 1."""
        if self.blocks is None:
            yield 1, self
            return
        for block in self.blocks:
            if isinstance(block, str):
                yield 1, Block(text=block)
            else:
                yield from ((number, block) for number in range(1, block.repeat + 1))


class Script(Struct, frozen=True):
    """A checked list of steps."""

    steps: tuple[Step, ...]

    @property
    def turns(self) -> int:
        """How many assistant turns the script lasts."""
        return sum(step.repeat for step in self.steps)

    def at(self, turn: int) -> tuple[Step, int] | None:
        """The step of a turn (from 0) and its repetition (from 1); None past the end."""
        for step in self.steps:
            if turn < step.repeat:
                return step, turn + 1
            turn -= step.repeat
        return None


def parse(steps: object) -> Script:
    """Check a decoded JSON value and return it as a script.

    Raises ``ValueError`` with a sentence that names the place (``$[2].delay``: the third
    step's delay) and what is wrong there.
    """
    if not isinstance(steps, list):
        raise ValueError("a script is a JSON list of steps")
    checked = msgspec.convert(steps, type=list[str | Step])
    script = Script(tuple(Step(text=s) if isinstance(s, str) else s for s in checked))
    if script.turns > MAX_TURNS:
        raise ValueError(f"more than {MAX_TURNS} turns in one script")
    return script


def _repeats(block: str | Block) -> int:
    return 1 if isinstance(block, str) else block.repeat
