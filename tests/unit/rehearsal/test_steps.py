"""The script language: what is accepted, what is refused and in which words."""

import pytest

from autosclaw.rehearsal.limits import MAX_BLOCKS, MAX_TURNS
from autosclaw.rehearsal.steps import Block, Step, parse


def test_a_string_is_short_for_a_text() -> None:
    assert parse(["hi"]).steps == (Step(text="hi"),)


def test_a_repeated_step_lasts_that_many_turns_and_says_which() -> None:
    script = parse(["a", {"repeat": 3, "text": "b"}, "c"])
    assert script.turns == 5
    places = [script.at(turn) for turn in range(6)]
    assert [place and (place[0].text, place[1]) for place in places] == [
        ("a", 1),
        ("b", 1),
        ("b", 2),
        ("b", 3),
        ("c", 1),
        None,
    ]


def test_a_repeated_block_comes_that_often_in_one_message() -> None:
    (step,) = parse([{"blocks": ["first", {"repeat": 2, "text": "again"}]}]).steps
    assert [(number, block.text) for number, block in step.contents()] == [
        (1, "first"),
        (1, "again"),
        (2, "again"),
    ]


def test_every_field_of_the_language_is_accepted() -> None:
    (step,) = parse(
        [
            {
                "blocks": [
                    "a",
                    {"think": "b"},
                    {"tool": "Bash", "input": {"command": "ls"}, "id": "t"},
                ],
                "usage": {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 2}},
                "stop": "max_tokens",
                "model": "m",
                "headers": {"x-a": "b"},
                "delay": 1,
                "gap": 0.5,
                "pace": 60,
                "repeat": 2,
                "fail": [{"status": 529, "times": 2, "mid": 1, "headers": {"retry-after": "1"}}],
            }
        ]
    ).steps
    assert step.blocks is not None
    assert step.blocks[2] == Block(tool="Bash", input={"command": "ls"}, id="t")


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ({"text": "a"}, "a script is a JSON list"),
        (["a", 5], r"`\$\[1\]`"),
        ([{"txet": "a"}], "unknown field `txet`"),
        ([{"text": 5}], r"`\$\[0\]\.text`"),
        ([{"text": "a", "tool": "Bash"}], "one of text, tool at a time"),
        ([{"text": "a", "blocks": ["b"]}], "one of text, blocks at a time"),
        ([{"blocks": []}], r"`\$\[0\]\.blocks`"),
        ([{"blocks": [{"text": "a", "delay": 1}]}], "unknown field `delay`"),
        ([{"text": "a", "input": {"x": 1}}], 'need a "tool"'),
        ([{"raw": {"text": "a"}}], '"raw" needs a "type"'),
        ([{"delay": -1}], r"`\$\[0\]\.delay`"),
        ([{"delay": 601}], r"`\$\[0\]\.delay`"),
        ([{"pace": 0}], r"`\$\[0\]\.pace`"),
        ([{"repeat": 0}], r"`\$\[0\]\.repeat`"),
        ([{"fail": [{"status": 200}]}], "400 to 599"),
        ([{"fail": [{"times": 1}]}], "missing required field `status`"),
        ([{"headers": {"x": "a\r\nb"}}], r"`\$\[0\]\.headers"),
        ([{"usage": {"tokens": 1}}], "unknown field `tokens`"),
        ([{"repeat": 10_000}] * (MAX_TURNS // 10_000) + ["one more"], "turns in one script"),
        ([{"blocks": [{"repeat": MAX_BLOCKS}, "one more"]}], "blocks in one message"),
    ],
)
def test_a_fault_is_named_with_its_place(steps: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(steps)
