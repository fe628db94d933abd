"""Makes values small enough for an event and fit to be written as JSON.

It must not know events; it shortens strings and counts what it left out.
"""

from typing import Any, cast

# Depth below which nothing is shown; deeper JSON is nobody's reading matter.
_DEPTH = 12
_ITEM_CHARS = 2


def clean(text: str) -> str:
    """The text with halves of surrogate pairs replaced: programs cut emoji in the middle."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clip_text(text: str, chars: int) -> tuple[str, bool]:
    """At most `chars` characters and a note of how many are missing; was anything?"""
    if len(text) <= chars:
        return clean(text), False
    # Long texts end with what matters as often as they begin with it.
    head, tail = chars * 2 // 3, chars // 3
    missing = len(text) - head - tail
    note = f"\n[… {missing} characters left out …]\n"
    return clean(text[:head]) + note + clean(text[len(text) - tail :]), True


class _Clipper:
    def __init__(self, chars: int) -> None:
        self.left = chars
        self.clipped = False

    def text(self, text: str) -> str:
        short, clipped = clip_text(text, max(self.left, 0))
        self.left -= min(len(text), max(self.left, 0))
        self.clipped |= clipped
        return short

    def value(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            self.left -= _ITEM_CHARS
            return value
        if self.left <= 0 or depth >= _DEPTH:
            self.clipped = True
            return None
        if isinstance(value, dict):
            return self._mapping(cast("dict[Any, Any]", value), depth)
        if isinstance(value, list | tuple):
            return self._items(cast("list[Any]", value), depth)
        return self.text(str(value))

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[str, object]:
        short: dict[str, object] = {}
        for key, item in value.items():
            if self.left <= 0:
                self.clipped = True
                break
            name = self.text(str(key))
            short[name] = self.value(item, depth + 1)
        return short

    def _items(self, value: list[Any], depth: int) -> list[object]:
        short: list[object] = []
        for item in value:
            if self.left <= 0:
                self.clipped = True
                break
            short.append(self.value(item, depth + 1))
        return short


def clip_value(value: object, chars: int) -> tuple[Any, bool]:
    """A JSON value with at most about `chars` characters in it; was anything left out?"""
    clipper = _Clipper(chars)
    return clipper.value(value, 0), clipper.clipped
