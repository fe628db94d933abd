"""Which script is played when, and what is said without one."""

import pytest

from autosclaw.rehearsal.conversation import Request
from autosclaw.rehearsal.scripts import choose

from .bodies import called, note, request, result, said, script, user


def chosen(played: Request) -> tuple[str, str | None]:
    choice = choose(played)
    return choice.origin, choice.step.text


def test_each_request_plays_the_next_step() -> None:
    prompt = user("Please: " + script({"tool": "Bash"}, "two", "three") + " Thanks.")
    first = choose(request(prompt))
    assert (first.origin, first.step.tool) == ("script", "Bash")
    assert chosen(request(prompt, called("Bash"), result("x"))) == ("script", "two")
    later = request(prompt, called("Bash"), result("x"), said("two"), user("go on"))
    assert chosen(later) == ("script", "three")


def test_a_script_that_is_over_leaves_a_plain_answer() -> None:
    origin, text = chosen(request(user(script("one")), said("one"), user("and you are?")))
    assert origin == "plain"
    assert text is not None
    assert "rehearsal model" in text
    assert "“and you are?”" in text


@pytest.mark.parametrize("how", ["in the tool result", "as a system message"])
def test_a_plain_message_midway_does_not_disturb_the_script(how: str) -> None:
    prompt = user(script({"tool": "Bash"}, "two"))
    after = (
        [result("x", midway="hurry")]
        if how == "in the tool result"
        else [result("x"), note("hurry")]
    )
    assert chosen(request(prompt, called("Bash"), *after)) == ("script", "two")


@pytest.mark.parametrize("how", ["in the tool result", "as a system message"])
def test_a_script_sent_midway_takes_over(how: str) -> None:
    prompt, new = user(script({"tool": "Bash"}, "two")), script("other", "more")
    after = [result("x", midway=new)] if how == "in the tool result" else [result("x"), note(new)]
    messages = [prompt, called("Bash"), *after]
    assert chosen(request(*messages)) == ("script", "other")
    assert chosen(request(*messages, said("other"), user("next"))) == ("script", "more")


def test_the_newest_of_several_scripts_wins() -> None:
    assert chosen(request(user(script("old"), script("new")))) == ("script", "new")
    assert chosen(request(user(script("old")), said("old"), user(script("new"))))[1] == "new"


def test_a_script_in_a_tools_output_is_not_played() -> None:
    prompt = user(script({"tool": "Bash"}, "two"))
    assert chosen(request(prompt, called("Bash"), result(script("bad")))) == ("script", "two")


def test_a_nested_script_belongs_to_the_sub_agent() -> None:
    inner = script("from the child")
    choice = choose(request(user(script({"tool": "Agent", "input": {"prompt": inner}}, "end"))))
    assert choice.step.input["prompt"] == inner
    assert chosen(request(user(inner))) == ("script", "from the child")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SCRIPT:[", "not valid JSON"),
        ('SCRIPT:["a",}', "at character 6"),
        ('SCRIPT:[{"txet": "a"}]', "unknown field `txet`"),
        ("SCRIPT:" + "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_faulty_script_is_answered_with_its_fault(text: str, words: str) -> None:
    origin, said_ = chosen(request(user(text)))
    assert origin == "script"
    assert said_ is not None
    assert said_.startswith("I cannot play this script: ")
    assert words in said_


def test_the_mere_word_is_no_script() -> None:
    assert chosen(request(user("what is SCRIPT: for?"), tools=()))[0] == "plain"


def test_requests_of_the_cli_itself_get_a_short_answer() -> None:
    assert chosen(request(user("Write a title for: fix the login"), tools=()))[0] == "plain"
    compact = user("Your task is to create a detailed summary of the conversation so far")
    origin, text = chosen(request(user(script("a", "b")), said("a"), compact))
    assert (origin, text and "<summary>" in text) == ("plain", True)


def test_nothing_said_gets_a_nod() -> None:
    over = request(user(script("a")), said("a"), user("<system-reminder>x</system-reminder>"))
    assert chosen(over) == ("plain", "Noted.")


def test_keys_are_the_same_for_a_repetition_and_differ_otherwise() -> None:
    prompt = user(script("a", "b"))
    key = choose(request(prompt)).key
    assert choose(request(prompt)).key == key
    others = [
        request(prompt, said("a"), user("x")),
        request(user(script("a", "c"))),
        request(prompt, metadata={"user_id": "session-2"}),
    ]
    assert len({key, *(choose(other).key for other in others)}) == 4
