"""What the demo builds: the files, the mistake in them, and the question about them.

It must not know how or when they are shown; that is ``demo``.
"""

from dataclasses import dataclass

MODULE = '''\
"""Reads durations as people write them: 90, 45s, 1h 30m."""

import re

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(text):
    """Return the seconds that a text stands for; a bare number is seconds."""
    if text.strip().isdigit():
        return int(text)
    parts = re.findall(r"(\\d)\\s*([smhd])", text)
    return sum(int(count) * SECONDS[unit] for count, unit in parts)
'''

TESTS = """\
import unittest

from durations import parse


class ParseTest(unittest.TestCase):
    def test_bare_number(self):
        self.assertEqual(parse("90"), 90)

    def test_units(self):
        self.assertEqual(parse("2d"), 172800)
        self.assertEqual(parse("1h 30m"), 5400)


if __name__ == "__main__":
    unittest.main()
"""

MISTAKE = 'r"(\\d)\\s*([smhd])"'
MENDED = 'r"(\\d+)\\s*([smhd])"'
LAST_LINE = "    return sum(int(count) * SECONDS[unit] for count, unit in parts)\n"
LAST_TEST = '        self.assertEqual(parse("1h 30m"), 5400)\n'
QUESTION = 'What should parse() do with text it cannot read, such as "soon"?'


@dataclass(frozen=True)
class Option:
    """One answer to the demo's question and what follows from it."""

    label: str
    description: str
    code: str
    test: str
    rule: str


OPTIONS = (
    Option(
        "Raise ValueError",
        "Callers notice at once, and the message says what could not be read.",
        '        raise ValueError(f"not a duration: {text!r}")\n',
        '        with self.assertRaises(ValueError):\n            parse("soon")\n',
        "raises `ValueError`",
    ),
    Option(
        "Return None",
        "Callers choose a default of their own; they must not forget to check.",
        "        return None\n",
        '        self.assertIsNone(parse("soon"))\n',
        "returns `None`",
    ),
    Option(
        "Count it as 0",
        "As it is today: lenient, but a typing mistake goes unnoticed.",
        "        return 0\n",
        '        self.assertEqual(parse("soon"), 0)\n',
        "counts as 0",
    ),
)


def option_for(answer: str) -> Option | None:
    """The option a person's answer names; None for words of their own."""
    said = answer.strip().casefold()
    return next((option for option in OPTIONS if option.label.casefold() == said), None)


def unreadable(option: Option) -> tuple[tuple[str, str], tuple[str, str]]:
    """The edits an option asks for: (old, new) in the module, (old, new) in the tests."""
    code = f"    if not parts:\n{option.code}{LAST_LINE}"
    test = f"{LAST_TEST}\n    def test_unreadable(self):\n{option.test}"
    return (LAST_LINE, code), (LAST_TEST, test)
