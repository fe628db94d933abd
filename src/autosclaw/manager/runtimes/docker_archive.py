"""One regular file out of a tar stream, in chunks as they arrive.

Must not hold more than one chunk, nor trust what the archive says of itself: it comes from a box.
"""

from collections.abc import AsyncIterator

BLOCK_BYTES = 512
_REGULAR = (b"0", b"\0")
# Extended headers (pax, GNU long names) stand before the entry they describe.
_EXTENDED = (b"x", b"g", b"L", b"K")
EXTENDED_BYTES = 1 << 20


async def only_file(chunks: AsyncIterator[bytes], limit_bytes: int) -> AsyncIterator[bytes]:
    """The content of the archive's first entry, at most `limit_bytes` of it.

    Nothing when that entry is no regular file (an agent may put a link or a folder there), when
    the archive is empty, or is no tar at all. A stream that ends early gives what came.
    """
    reader = _Reader(chunks)
    while True:
        header = await reader.exactly(BLOCK_BYTES)
        if len(header) < BLOCK_BYTES or header == bytes(BLOCK_BYTES):
            return
        kind, size = header[156:157], _size(header[124:136])
        if kind in _EXTENDED and 0 <= size <= EXTENDED_BYTES:
            await reader.exactly(-(-size // BLOCK_BYTES) * BLOCK_BYTES)
            continue
        break
    if kind not in _REGULAR or size < 0:
        return
    left = min(size, limit_bytes)
    while left > 0:
        chunk = await reader.some(left)
        if not chunk:
            return
        left -= len(chunk)
        yield chunk


def _size(field: bytes) -> int:
    """Octal digits, or base 256 when the first bit is set (GNU); -1 for neither."""
    if field[:1] >= b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        return -1


class _Reader:
    """Bytes of a chunked stream, by count."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""

    async def some(self, limit: int) -> bytes:
        """1 to `limit` bytes; empty at the end of the stream."""
        while not self._buffer:
            try:
                self._buffer = await anext(self._chunks)
            except StopAsyncIteration:
                return b""
        taken, self._buffer = self._buffer[:limit], self._buffer[limit:]
        return taken

    async def exactly(self, count: int) -> bytes:
        """`count` bytes, fewer only at the end of the stream."""
        parts: list[bytes] = []
        left = count
        while left > 0:
            part = await self.some(left)
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
