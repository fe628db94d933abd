"""The socket /agent: one registration within 5 s, then frames of one authenticated agent.

An unregistered connection can do exactly one thing. Must not interpret events (services do).
"""

import asyncio
import contextlib
import time
from collections import deque

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from autosclaw.manager.services.link_session import LinkSession
from autosclaw.manager.services.transcripts import SequenceGap, TranscriptDiverged
from autosclaw.manager.store.database import StoreUnavailable
from autosclaw.manager.web.context import Context
from autosclaw.manager.web.signin import context_of
from autosclaw.protocol import limits, link
from autosclaw.protocol.errors import Code, DomainError

_decode_register = msgspec.json.Decoder(link.Register).decode
_TRY_LATER = 1013
_POLICY = 1008
log = structlog.get_logger()


class AgentSocket:
    """Endpoint: counts the connections that have not registered yet."""

    def __init__(self) -> None:
        self._unregistered = 0

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        if "origin" in websocket.headers:
            await websocket.close(_POLICY)  # agents are no browsers: 403
            return
        if self._unregistered >= limits.UNREGISTERED_CONNECTIONS:
            await websocket.close(_TRY_LATER)
            return
        await websocket.accept()
        here = context_of(websocket)
        self._unregistered += 1
        try:
            session = await _register(websocket, here)
        finally:
            self._unregistered -= 1
        if session is not None:
            await _serve(websocket, here, session)


async def _register(websocket: WebSocket, here: Context) -> LinkSession | None:
    """The session of a right registration; else the connection is closed with 4001."""
    try:
        async with asyncio.timeout(limits.REGISTER_SECONDS):
            data = await websocket.receive_text()
        if len(data) > limits.REGISTER_BYTES:
            raise ValueError("too large")
        return await here.links.open(_decode_register(data))
    except WebSocketDisconnect:
        return None
    except (StoreUnavailable, TranscriptDiverged):
        await _close(websocket, _TRY_LATER, "try again")
    except (
        TimeoutError,
        KeyError,
        ValueError,
        RecursionError,
        DomainError,
        msgspec.MsgspecError,
    ) as error:
        busy = isinstance(error, DomainError) and error.code is Code.UNAVAILABLE
        code = _TRY_LATER if busy else link.CLOSE_BAD_TOKEN
        await _close(websocket, code, "register first, with this agent's token")
    return None


async def _serve(websocket: WebSocket, here: Context, session: LinkSession) -> None:
    reading = asyncio.create_task(_read(websocket, here, session))
    writing = asyncio.create_task(_write(websocket, here, session))
    try:
        await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        code, reason = session.closing or (1000, "")
        await _close(websocket, code, reason)
    finally:
        for task in (reading, writing):
            task.cancel()
        done = await asyncio.gather(reading, writing, return_exceptions=True)
        for error in done:
            if isinstance(error, Exception):
                log.warning("link_failed", agent=session.agent_id, error=repr(error))
        await asyncio.shield(here.links.closed(session))


async def _read(websocket: WebSocket, here: Context, session: LinkSession) -> None:
    bad: deque[float] = deque(maxlen=limits.BAD_FRAMES_PER_MINUTE)
    while True:
        try:
            data = await websocket.receive_text()
            await here.links.feed(session, data)
        except WebSocketDisconnect:
            return
        except SequenceGap as gap:
            session.close(link.CLOSE_GAP, str(gap))
            return
        except (TranscriptDiverged, StoreUnavailable):
            session.close(_TRY_LATER, "try again")
            return
        except (DomainError, KeyError) as error:
            message = error.message if isinstance(error, DomainError) else "Send text frames."
            session.push(link.encode(link.Refused(message=message)))
            now = time.monotonic()
            bad.append(now)
            if len(bad) == bad.maxlen and now - bad[0] < 60:
                session.close(link.CLOSE_BAD_FRAMES, "too many frames that were not understood")
                return


async def _write(websocket: WebSocket, here: Context, session: LinkSession) -> None:
    async for frame in here.links.outgoing(session):
        async with asyncio.timeout(limits.SEND_SECONDS):
            await websocket.send_text(frame.decode())


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await websocket.close(code, reason)
