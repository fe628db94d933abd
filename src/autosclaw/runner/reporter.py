"""Reports to the manager what the session says: kept events into the spool, the rest over the link.

Must not decide anything about the agent's life.
"""

import time
from collections.abc import Callable
from typing import Any

from autosclaw.protocol.events import Event, Output, ToolUse
from autosclaw.protocol.link import Delta, Tokens
from autosclaw.runner import frames
from autosclaw.runner.activity import Activity
from autosclaw.runner.link import Link
from autosclaw.runner.log import log, now
from autosclaw.runner.spool import Spool
from autosclaw.runner.translate import Translator, encode_bounded


class Reporter:
    """`counts_tokens`: the CLI's own totals are reported, because no gateway counts them."""

    def __init__(
        self,
        spool: Spool,
        link: Link,
        activity: Activity,
        changed: Callable[[], None],
        *,
        counts_tokens: bool,
    ) -> None:
        self._spool = spool
        self._link = link
        self._activity = activity
        self._changed = changed
        self._counts_tokens = counts_tokens
        self._translator = Translator()

    def event(self, event: Event) -> None:
        """Keep an event: it will reach the transcript. Raises SpoolError."""
        event.at = now()
        self._spool.append(encode_bounded(event))
        if isinstance(event, Output | ToolUse):
            self._link.finished(event.message_id, event.block)

    def status(self) -> None:
        """Tell what the agent is doing now."""
        self._link.status(self._activity.status)

    def line(self, raw: dict[str, Any]) -> None:
        """Take in one line of the CLI. A line that nobody understands is only counted in the log:
        anything that runs in the agent can write one."""
        frame = frames.read(raw)
        if frame is None:
            return
        try:
            said = self._translator.translate(frame, raw, self._activity.unseen, time.monotonic())
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            log("warn", "a line of the CLI was not understood", cause=type(error).__name__)
            return
        for item in said:
            if isinstance(item, Delta):
                self._link.delta(item)
            elif isinstance(item, Tokens):
                if self._counts_tokens:
                    self._link.tokens(item)
            else:
                self.event(item)
        if isinstance(frame, frames.StreamEvent):
            return
        self._activity.observe(frame)
        self.status()
        self._changed()
