"""A page of the acknowledged form, as benchmarks need one.

Keeps what a page would keep of a transcript; must not judge it.
"""

from typing import Any

import aiohttp
import msgspec

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Page:
    """One connection to /ws?protocol=1; `async with Page(…)`."""

    def __init__(self, url: str, jwt: str) -> None:
        self._url = f"{url}/ws?protocol=1&token={jwt}"
        self._http = aiohttp.ClientSession()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.bytes = 0

    async def __aenter__(self) -> "Page":
        try:
            self._socket = await self._http.ws_connect(self._url, max_msg_size=64 << 20)
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.close()

    async def send(self, **frame: Any) -> None:
        """A frame by its fields."""
        assert self._socket is not None
        await self._socket.send_str(msgspec.json.encode(frame).decode())

    async def receive(self) -> dict[str, Any] | None:
        """The next frame; None when the connection is gone."""
        assert self._socket is not None
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            return None
        self.bytes = len(message.data)
        return _decode(message.data)

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of this type. Raises ConnectionError when there will be none."""
        while (frame := await self.receive()) is not None:
            if frame["type"] == kind:
                return frame
        raise ConnectionError("the page was closed")
