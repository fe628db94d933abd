"""Agents that live in the boxes of a fake engine and do what they are told by chat.

They speak the acknowledged form, keep a spool and outlive the manager, as a runner does.
"""

import asyncio
import contextlib
import json
from typing import Any

import websockets

from autosclaw.testing.fake_runtime import FakeBox

RETRY_SECONDS = 0.02


class Bot:
    """One agent in its box.

    say <n>: n events. finish: a last word, exit 0. crash: exit 7 without a word. ask: a question.
    silence: n events into the spool only, then exit 3.
    """

    def __init__(self, box: FakeBox) -> None:
        self.box = box
        told = json.loads(box.spec.bootstrap)
        self.url = told["manager_url"].replace("http", "ws", 1) + "/agent"
        self.register = {
            "type": "register",
            "agentId": told["agent_id"],
            "token": told["agent_token"],
            "protocol": 1,
        }
        self.events: list[dict[str, Any]] = []
        self.sent = 0
        self.exit_code: int | None = None
        self.heard: list[str] = []
        self.applied = 0

    def add(self, **event: Any) -> None:
        self.events.append(event)
        line = json.dumps({"seq": len(self.events), "event": event})
        self.box.write_spool(line.encode() + b"\n")

    async def live(self) -> int:
        """Until told to stop, or done."""
        while self.exit_code is None:
            with contextlib.suppress(OSError, websockets.WebSocketException):
                async with websockets.connect(self.url, proxy=None, compression=None) as link:
                    await self._talk(link)
            await asyncio.sleep(RETRY_SECONDS)
        return self.exit_code

    async def _talk(self, link: websockets.ClientConnection) -> None:
        await link.send(json.dumps(self.register))
        async for data in link:
            frame = json.loads(data)
            if frame["type"] == "registered":
                self.sent = frame["lastSeq"]
            elif frame["type"] == "chat":
                if frame["input"] > self.applied:  # what was lost is its confirmation
                    self.applied = frame["input"]
                    self._obey(frame["message"])
                await link.send(json.dumps({"type": "applied", "input": self.applied}))
            elif frame["type"] == "close":
                self.exit_code = 0
            if self.exit_code in (3, 7):
                return
            if self.sent < len(self.events):
                fresh = self.events[self.sent :]
                frame = {"type": "events", "first": self.sent + 1, "events": fresh}
                await link.send(json.dumps(frame))
                self.sent = len(self.events)
            elif self.exit_code is not None:
                return

    def _obey(self, order: str) -> None:
        self.heard.append(order)
        verb, _, argument = order.partition(" ")
        if verb in ("say", "silence"):
            for _ in range(int(argument)):
                self.add(type="output", msgType="text", content=f"event {len(self.events) + 1}")
        if verb == "ask":
            self.add(type="ask_user", id=f"q-{id(self)}", questions=[{"question": "Well?"}])
        if verb == "finish":
            self.add(type="exited", outcome="completed", reason="All done.")
        self.exit_code = {"finish": 0, "crash": 7, "silence": 3}.get(verb)


async def bot(box: FakeBox) -> int:
    """A box's program: a Bot that also heeds the signal to stop."""
    living = asyncio.ensure_future(Bot(box).live())
    stopping = asyncio.ensure_future(box.terminated.wait())
    try:
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return living.result() if living.done() else 0
    finally:
        for task in (living, stopping):
            task.cancel()
        await asyncio.gather(living, stopping, return_exceptions=True)


async def mute(box: FakeBox) -> int:
    """A box's program that never reports."""
    await box.terminated.wait()
    return 0
