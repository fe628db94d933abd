"""Collects partial output between two sends, so that a block costs one frame, not one a word.

It holds a bounded amount and must not keep anything that can no longer be shown whole.
"""

from autosclaw.protocol.link import Delta

# Characters waiting to be sent; a reader slower than that gets whole blocks instead.
WAITING_CHARS = 64 << 10
# Blocks of which something was missed; they are quiet until their final event.
_MUTED_BLOCKS = 256

_Block = tuple[str, int]


class Partials:
    """Deltas that wait to be sent, merged by block, in the order their blocks began."""

    def __init__(self) -> None:
        self._waiting: dict[_Block, tuple[str, list[str]]] = {}
        self._chars = 0
        self._muted: dict[_Block, None] = {}

    def add(self, delta: Delta) -> None:
        """Take a delta. Of a block that missed one nothing more is taken."""
        block = (delta.message_id, delta.block)
        if block in self._muted:
            return
        self._chars += len(delta.text)
        if self._chars > WAITING_CHARS:
            self.miss(delta)
            return
        self._waiting.setdefault(block, (delta.kind, []))[1].append(delta.text)

    def miss(self, delta: Delta) -> None:
        """A delta cannot be shown: its block, and all that waits, stays quiet from now on."""
        for block in (*self._waiting, (delta.message_id, delta.block)):
            self._muted[block] = None
        while len(self._muted) > _MUTED_BLOCKS:
            del self._muted[next(iter(self._muted))]
        self._waiting.clear()
        self._chars = 0

    def finish(self, message_id: str, block: int) -> None:
        """The block's final event is on its way: what waits of it is void."""
        _, parts = self._waiting.pop((message_id, block), ("", []))
        self._chars -= sum(map(len, parts))
        self._muted.pop((message_id, block), None)

    def take(self) -> list[Delta]:
        """Everything that waits, one delta a block."""
        deltas = [
            Delta(message_id=message_id, block=block, kind=kind, text="".join(parts))
            for (message_id, block), (kind, parts) in self._waiting.items()
        ]
        self._waiting.clear()
        self._chars = 0
        return deltas

    def lose(self) -> None:
        """The connection is gone: what waits, and the rest of those blocks, is not shown."""
        self._muted |= dict.fromkeys(self._waiting)
        self._waiting.clear()
        self._chars = 0
