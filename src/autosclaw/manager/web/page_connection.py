"""One connected page: what waits to be sent to it, and which agents it follows.

Its buffer is bounded: a page that does not read falls behind and is served from the store
until it has caught up (G4). Must not interpret what a page asks (`page_frames` does).
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from autosclaw.manager.domain.policy import UserActor
from autosclaw.manager.hub import Batch, Channel, events_frame
from autosclaw.manager.services.transcripts import Transcript, Transcripts
from autosclaw.protocol import limits

# News are told four times a second; a list is read in less than a minute.
_NEWS_BEFORE_LIST = 256


@dataclass(slots=True)
class Watch:
    """One followed agent: the next number to send, and whether batches come by themselves."""

    transcript: Transcript
    next_seq: int
    live: bool = False

    @property
    def channel(self) -> Channel:
        """What the agent says now."""
        return self.transcript.channel


class PageConnection:
    """Implements `hub.Watcher`."""

    def __init__(
        self, user: UserActor, token: str, transcripts: Transcripts, *, plain: bool
    ) -> None:
        self._transcripts = transcripts
        self.user = user
        self.token = token
        self.plain = plain
        self.watches: dict[str, Watch] = {}
        self.closing: tuple[int, str] | None = None
        self._news: list[str] | None = []
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def push(self, frame: str) -> None:
        """Send a frame that must not be dropped; a page that reads nothing is closed."""
        if self._bytes > 4 * limits.WATCHER_BUFFER_BYTES:
            self.close(1013, "this page does not read what it gets")
            return
        self._put(frame)

    def tell(self, frame: str) -> None:
        """News of the fleet: they follow the list that they change."""
        if self._news is None:
            self.push(frame)
        elif len(self._news) < _NEWS_BEFORE_LIST:
            self._news.append(frame)
        else:
            self.close(1013, "the list of agents took too long")

    def greeted(self) -> None:
        """The list is on its way; what changed since it was read follows."""
        news, self._news = self._news or [], None
        for frame in news:
            self.push(frame)

    def _put(self, frame: str) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)
        self._wake.set()

    def _full(self) -> bool:
        return self._bytes > limits.WATCHER_BUFFER_BYTES

    def offer(self, batch: Batch) -> None:
        """Events of a followed agent; when there is no room the watch falls behind."""
        watch = self.watches.get(batch.agent_id)
        if watch is None or not watch.live or batch.last < watch.next_seq:
            return
        if self._full() or batch.first > watch.next_seq:
            watch.live = False
            self._wake.set()
            return
        for frame in batch.singles if self.plain else (batch.frame,):
            self._put(frame)
        watch.next_seq = batch.last + 1

    def transient(self, agent_id: str, frame: str, *, plain_too: bool) -> None:
        """Partial text and the like: dropped when there is no room."""
        watch = self.watches.get(agent_id)
        if watch is None or not watch.live or self._full():
            return
        if plain_too or not self.plain:
            self._put(frame)

    def follow(self, transcript: Transcript, next_seq: int) -> None:
        """Follow an agent from event `next_seq`; takes over the caller's hold."""
        self.unfollow(transcript.agent_id)
        self.watches[transcript.agent_id] = Watch(transcript, next_seq)
        transcript.channel.join(self)
        self._wake.set()

    def unfollow(self, agent_id: str) -> None:
        """Twice is safe."""
        watch = self.watches.pop(agent_id, None)
        if watch is not None:
            watch.channel.leave(self)
            self._transcripts.let_go(watch.transcript)

    def close(self, code: int, reason: str) -> None:
        """End the connection soon."""
        if self.closing is None:
            self.closing = (code, reason)
        self._wake.set()

    async def next_frame(self) -> str | None:
        """What to send next, waiting for it; None when the connection is to be closed."""
        while True:
            if self._frames:
                frame = self._frames.popleft()
                self._bytes -= len(frame)
                return frame
            if self.closing is not None:
                return None
            behind = next((w for w in self.watches.values() if not w.live), None)
            if behind is not None:
                await self._catch_up(behind)
                continue
            self._wake.clear()
            await self._wake.wait()

    async def _catch_up(self, watch: Watch) -> None:
        """One page from the store, or from memory what is newest; then live again."""
        channel = watch.channel
        channel.flush()
        recent = channel.recent_after(watch.next_seq - 1)
        if recent is not None:
            self._put_events(watch, recent)
            watch.live = True
            self._put_partials(watch)
            return
        rows, _ = await self._transcripts.page(
            channel.agent_id,
            before=None,
            after=watch.next_seq - 1,
            limit=limits.PAGE_EVENTS_MAX,
            max_bytes=limits.PAGE_BYTES,
        )
        if self.watches.get(channel.agent_id) is not watch:
            return  # meanwhile it watches from elsewhere, or no more
        if not rows:
            self.close(1013, "this transcript has to be read anew")
        self._put_events(watch, [event for _, event in rows])

    def _put_events(self, watch: Watch, events: list[str]) -> None:
        if not events:
            return
        channel = watch.channel
        if self.plain:
            for event in events:
                self._put(event)
        else:
            frame = events_frame(channel.agent_id, watch.next_seq, channel.committed, events)
            self._put(frame)
        watch.next_seq += len(events)

    def _put_partials(self, watch: Watch) -> None:
        if self.plain:
            return
        deltas = watch.channel.partial_deltas()
        if deltas:
            head = f'{{"type":"deltas","agentId":"{watch.channel.agent_id}","deltas":['
            self._put(head + ",".join(deltas) + "]}")
