"""Keeps the connection to the manager: sends the spool upwards, takes inputs, for ever.

Must not know the CLI or what an event means. The spool says what is to be sent; this module
only knows up to where it was.
"""

import asyncio
import random
import uuid
from collections.abc import Coroutine
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import msgspec

from autosclaw.protocol import limits
from autosclaw.protocol.link import (
    CLOSE_BAD_TOKEN,
    CLOSE_ENDED,
    PROTOCOL,
    Ack,
    Applied,
    AskUserResponse,
    Chat,
    Close,
    Delta,
    DownFrame,
    Interrupt,
    Refused,
    Register,
    Registered,
    StatusReport,
    Tokens,
    UpFrame,
    encode,
    encode_events,
)
from autosclaw.runner.log import log
from autosclaw.runner.partial import Partials
from autosclaw.runner.spool import Spool

Input = Chat | AskUserResponse | Interrupt

# Seconds between attempts to connect: doubled from the first to the last, with jitter.
BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_LAST_SECONDS = 5.0
CONNECT_SECONDS = 10.0
# Inputs taken from the socket that the session has not had yet.
WAITING_INPUTS = 1_000
# What comes down is bounded by the texts people may send; tools' schemas are the largest.
_FRAME_BYTES = 4 << 20
_FINAL_CLOSES = (CLOSE_BAD_TOKEN, CLOSE_ENDED)

_decode = msgspec.json.Decoder(DownFrame).decode


class LinkEnded(Exception):
    """The manager does not want this agent any more; there is nothing to reconnect to."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the manager closed the link for good ({code})")
        self.code = code


class Receiver(Protocol):
    """Whoever acts on what the manager sends."""

    def registered(self, answer: Registered) -> None:
        """The connection stands (again); `answer.session` may have changed."""
        ...

    async def take(self, frame: Input) -> None:
        """Apply one input. Called in order, once for each numbered input; must not raise."""
        ...

    def refuses(self) -> bool:
        """No input is to be taken any more: the manager will report it as not applied."""
        ...

    def close(self, reason: str | None) -> None:
        """The manager wants this agent to shut down now."""
        ...


class Link:
    """The link of one agent. `run` connects until LinkEnded; the other methods never wait."""

    def __init__(
        self, manager_url: str, agent_id: str, token: str, spool: Spool, receiver: Receiver
    ) -> None:
        self._url = websocket_url(manager_url)
        self._agent_id = agent_id
        self._token = token
        self._boot_id = uuid.uuid4().hex
        self._spool = spool
        self._receiver = receiver
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(WAITING_INPUTS)
        self._applying = False
        self._received = spool.last_input
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._sent = 0
        self._wake = asyncio.Event()
        self._partials = Partials()
        self._status: StatusReport | None = None
        self._tokens: Tokens | None = None
        self._frames: list[UpFrame] = []
        self._registered_once = False
        spool.on_append = self._wake.set

    # -- what the session says ------------------------------------------------------------------

    def status(self, text: str) -> None:
        """Tell what the agent does now; only the newest is sent, and again after a reconnect."""
        if self._status is None or self._status.status != text:
            self._status = StatusReport(status=text)
            self._later(self._status)

    def tokens(self, tokens: Tokens) -> None:
        """Tell the totals so far; the newest is sent again after a reconnect."""
        self._tokens = tokens
        self._later(tokens)

    def delta(self, delta: Delta) -> None:
        """Show partial output, if anybody can see it now."""
        if self._socket is None:
            self._partials.miss(delta)
            return
        self._partials.add(delta)
        self._wake.set()

    def finished(self, message_id: str | None, block: int | None) -> None:
        """The final event of a block was put into the spool: its partial output is void."""
        if message_id is not None and block is not None:
            self._partials.finish(message_id, block)

    @property
    def has_inputs(self) -> bool:
        """Inputs were received that are not applied yet."""
        return self._applying or not self._inputs.empty()

    # -- connections ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, and again whenever the connection breaks. Raises LinkEnded, SpoolError."""
        await _first_of(self._connect_on(), self._apply_inputs())

    async def _connect_on(self) -> None:
        async with aiohttp.ClientSession(trust_env=False) as http:
            attempt = 0
            while True:
                attempt = 0 if await self._connection(http) else attempt + 1
                chance = random.random()  # noqa: S311
                await asyncio.sleep(backoff(attempt, chance))

    async def _connection(self, http: aiohttp.ClientSession) -> bool:
        """One connection from beginning to end; True when it got as far as registering."""
        registered = False
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await http.ws_connect(
                    self._url, heartbeat=limits.PING_SECONDS, max_msg_size=_FRAME_BYTES
                )
            async with socket:
                await self._register(socket)
                registered = True
                await _first_of(self._send_on(socket), self._receive_on(socket))
        except (aiohttp.ClientError, OSError, TimeoutError, _Broken) as error:
            log("warn", "connection to the manager lost", cause=type(error).__name__)
        finally:
            self._socket = None
            self._partials.lose()
        return registered

    async def _register(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        register = Register(
            agent_id=self._agent_id, token=self._token, protocol=PROTOCOL, boot_id=self._boot_id
        )
        await _send(socket, encode(register))
        async with asyncio.timeout(CONNECT_SECONDS):
            answer = await _receive(socket)
        if not isinstance(answer, Registered):
            raise _Broken
        self._spool.begin_after(answer.last_seq)
        self._sent = self._spool.acked
        if not self._registered_once:
            # A fresh spool does not know what earlier boots of this agent took.
            self._received = max(self._received, answer.last_input)
        self._registered_once = True
        self._frames = [frame for frame in (self._status, self._tokens) if frame is not None]
        if self._spool.last_input > answer.last_input:
            self._frames.append(Applied(input=self._spool.last_input))
        self._socket = socket
        self._wake.set()
        self._receiver.registered(answer)

    # -- up -------------------------------------------------------------------------------------

    def _later(self, frame: UpFrame) -> None:
        """Send a frame that is told again after each registration anyhow."""
        if self._socket is not None:
            kind = type(frame)
            self._frames = [other for other in self._frames if type(other) is not kind]
            self._frames.append(frame)
            self._wake.set()

    async def _send_on(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """The first event goes at once, those within the next 16 ms go together."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._sent < self._spool.last_seq:
                after = max(self._sent, self._spool.acked)
                events = self._spool.read(after, limits.LINK_BATCH_BYTES, limits.LINK_BATCH_EVENTS)
                await _send(socket, encode_events(after + 1, events))
                self._sent = after + len(events)
            frames, self._frames = self._frames, []
            for frame in (*frames, *self._partials.take()):
                await _send(socket, encode(frame))
            await asyncio.sleep(limits.LINK_COALESCE_SECONDS)

    # -- down -----------------------------------------------------------------------------------

    async def _receive_on(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            frame = await _receive(socket)
            match frame:
                case Ack(seq=seq):
                    self._spool.ack(seq)
                case Chat() | AskUserResponse() | Interrupt():
                    self._take(frame)
                case Close(reason=reason):
                    self._receiver.close(reason)
                case Refused():
                    log("warn", "the manager refused a frame")
                case _:
                    log("debug", "frame without a use here", frame=type(frame).__name__)

    def _take(self, frame: Input) -> None:
        number = frame.input
        if number is not None and number <= self._received:
            if number <= self._spool.last_input:
                self._later(Applied(input=self._spool.last_input))
            return
        try:
            self._inputs.put_nowait(frame)
        except asyncio.QueueFull:
            # Not taken, so it comes again on the next connection.
            raise _Broken from None
        self._received = number if number is not None else self._received

    async def _apply_inputs(self) -> None:
        while True:
            frame = await self._inputs.get()
            if not self._receiver.refuses():
                self._applying = True
                await self._apply(frame)
                self._applying = False

    async def _apply(self, frame: Input) -> None:
        """On disk first, so that no restart applies it again; then it is the receiver's."""
        if frame.input is not None:
            await self._spool.record_input(frame.input)
        await self._receiver.take(frame)
        if frame.input is not None:
            self._later(Applied(input=frame.input))


class _Broken(Exception):
    """The connection is of no more use."""


def websocket_url(manager_url: str) -> str:
    """The address of the manager's agent socket."""
    parts = urlsplit(manager_url)
    scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/agent", "", ""))


def backoff(attempt: int, chance: float) -> float:
    """Seconds to wait before attempt number `attempt` (from 0); `chance` is 0 to 1."""
    ceiling = min(BACKOFF_LAST_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(attempt, 10))
    return BACKOFF_FIRST_SECONDS + (ceiling - BACKOFF_FIRST_SECONDS) * chance


async def _first_of(*works: Coroutine[None, None, None]) -> None:
    """Run them beside each other until one ends; the others are cancelled. Raises what it did."""
    tasks = [asyncio.create_task(work, name=work.__name__) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(socket: aiohttp.ClientWebSocketResponse, data: bytes) -> None:
    async with asyncio.timeout(limits.SEND_SECONDS):
        await socket.send_frame(data, aiohttp.WSMsgType.TEXT)


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> DownFrame:
    """The next frame. Unknown ones are passed over. Raises LinkEnded, _Broken."""
    while True:
        message = await socket.receive()
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            # The frame's own code: answering it may fail, and then `close_code` says 1006.
            is_close = message.type is aiohttp.WSMsgType.CLOSE
            code = message.data if is_close else socket.close_code
            if code in _FINAL_CLOSES:
                raise LinkEnded(code)
            raise _Broken
        try:
            return _decode(message.data)
        except msgspec.MsgspecError:
            log("warn", "frame of the manager not understood")
