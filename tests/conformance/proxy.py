"""A cable between a runtime and its engine that can be cut."""

import asyncio
from pathlib import Path
from types import TracebackType


class EngineProxy:
    """Passes bytes on between a socket of its own and the engine's."""

    def __init__(self, path: Path, engine_url: str) -> None:
        self._path = path
        self._target = engine_url.removeprefix("unix://")
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = f"unix://{path}"

    async def __aenter__(self) -> "EngineProxy":
        await self.mend()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Listen (again)."""
        self._server = await asyncio.start_unix_server(self._connected, self._path)

    async def cut(self) -> None:
        """Drop every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back, forth = await asyncio.open_unix_connection(self._target)
        self._writers |= {writer, forth}
        try:
            await asyncio.gather(_pass(reader, forth), _pass(back, writer))
        finally:
            for end in (writer, forth):
                end.transport.abort()
                self._writers.discard(end)
            self._tasks.discard(task)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
