"""The socket /ws: a signed-in person's page, from its handshake to its end.

Must not interpret frames (`page_frames` does).
"""

import asyncio
import contextlib
import time
from collections import deque

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from autosclaw.manager.domain.policy import UserActor
from autosclaw.manager.web.context import Context
from autosclaw.manager.web.page_connection import PageConnection
from autosclaw.manager.web.page_frames import handle
from autosclaw.manager.web.pages import Pages
from autosclaw.manager.web.signin import COOKIE, context_of, same_origin
from autosclaw.protocol import limits, live
from autosclaw.protocol.errors import DomainError
from autosclaw.protocol.people import Me

_POLICY = 1008
_BAD_FRAMES = 4400
_BEAT = live.encode(live.Beat()).decode()
log = structlog.get_logger()


class DashboardSocket:
    """Endpoint for /ws."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def serve(self, websocket: WebSocket) -> None:
        """One connection."""
        here = context_of(websocket)
        page = await _open(websocket, here)
        if page is None or len(self._pages) >= limits.PAGE_CONNECTIONS:
            await websocket.close(_POLICY)  # refuses the handshake: 403
            return
        await websocket.accept()
        self._pages.add(page)  # before its list is read: no change falls in between
        try:
            await _greet(page, here)
        except BaseException:
            self._pages.remove(page)
            raise
        reading = asyncio.create_task(_read(websocket, here, page))
        writing = asyncio.create_task(_write(websocket, here, page))
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            done = await asyncio.gather(reading, writing, return_exceptions=True)
            self._pages.remove(page)
        for error in done:
            if isinstance(error, Exception) and not isinstance(error, TimeoutError):
                log.warning("page_failed", user=page.user.username, error=repr(error))
        if websocket.application_state is WebSocketState.CONNECTED:
            code, reason = page.closing or (1000, "")
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(code, reason)


async def _open(websocket: WebSocket, here: Context) -> PageConnection | None:
    """Who it is, by token= (contract) or by the page's cookie; None: refused."""
    token = websocket.query_params.get("token")
    if not token:
        token = websocket.cookies.get(COOKIE)
        if websocket.headers.get("origin") is None:
            return None
    if not token or not same_origin(websocket, here.allowed_origins):
        return None
    try:
        actor = await here.accounts.who(token)
    except DomainError:
        return None
    if not isinstance(actor, UserActor):
        return None
    return PageConnection(
        actor, token, here.transcripts, plain="protocol" not in websocket.query_params
    )


async def _greet(page: PageConnection, here: Context) -> None:
    if not page.plain:
        welcome = live.Welcome(
            protocol=live.PROTOCOL,
            epoch=here.epoch,
            user=Me(username=page.user.username, role=page.user.role),
            server=here.server,
        )
        page.push(live.encode(welcome).decode())
    agents = await here.fleet.current()
    page.push(live.encode(live.AgentList(agents=agents)).decode())
    page.push(live.encode(live.ScheduleList()).decode())
    page.push(live.encode(live.ProjectList()).decode())
    page.greeted()


async def _read(websocket: WebSocket, here: Context, page: PageConnection) -> None:
    bad: deque[float] = deque(maxlen=limits.BAD_FRAMES_PER_MINUTE)
    while True:
        try:
            data = await websocket.receive_text()
        except WebSocketDisconnect:
            return
        except KeyError:
            data = ""
        if await handle(page, here, data):
            continue
        now = time.monotonic()
        bad.append(now)
        if len(bad) == bad.maxlen and now - bad[0] < 60:
            page.close(_BAD_FRAMES, "too many frames that were not understood")


async def _write(websocket: WebSocket, here: Context, page: PageConnection) -> None:
    while True:
        try:
            async with asyncio.timeout(limits.PING_SECONDS):
                frame = await page.next_frame()
        except TimeoutError:
            if page.plain:
                continue
            frame = _BEAT
        if frame is None:
            return
        async with asyncio.timeout(limits.SEND_SECONDS):
            await websocket.send_text(frame)
