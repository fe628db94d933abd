"""The agent's conversation with the CLI over its whole life: begins, goes on after the CLI died,
rests, ends.

Must not know the link or the spool's inside. Imports the SDK, so it is imported late.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from autosclaw.protocol.events import Exited, Output
from autosclaw.protocol.link import AskUserResponse, Chat, Interrupt, SessionSpec
from autosclaw.runner import processes
from autosclaw.runner.activity import Activity
from autosclaw.runner.course import Course, either
from autosclaw.runner.environment import Places
from autosclaw.runner.log import log
from autosclaw.runner.questions import Questions
from autosclaw.runner.reporter import Reporter
from autosclaw.runner.session import Callbacks, Session, SessionOver
from autosclaw.runner.session_files import session_file

# Seconds a stop may take: to interrupt, for the turn's last lines, for the CLI to go by itself.
INTERRUPT_SECONDS = 3.0
LAST_LINES_SECONDS = 1.0
CLOSE_SECONDS = 1.5
# Seconds after the end of input in which the CLI must have ended.
FINISH_SECONDS = 20.0
# Deaths of the CLI within one turn after which it is given up.
DEATHS = 2
# How often to look whether an input that is being taken in was taken in.
_LOOK_SECONDS = 0.05

_RESTARTED = (
    "Your process ended unexpectedly and your session was restarted. A tool call that was running "
    "then has an unknown outcome, and what ran in the background is gone. Look at what is there "
    "and go on with what you were doing."
)


class _Over(Enum):
    """Why a session does not go on."""

    DIED = "died"
    RESTED = "rested"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a conversation works with. `awaits_inputs`: one is on its way from the link."""

    places: Places
    environment: dict[str, str]
    course: Course
    activity: Activity
    report: Reporter
    room: Callable[[], Awaitable[None]]
    awaits_inputs: Callable[[], bool]


class Conversation:
    """`live` once; `take` inputs while it does. `spec` may be replaced by newer terms."""

    def __init__(self, spec: SessionSpec, agent_id: str, surroundings: Surroundings) -> None:
        self.spec = spec
        self._agent_id = agent_id
        self._with = surroundings
        self._activity = surroundings.activity
        self._course = surroundings.course
        self._report = surroundings.report
        self._questions = Questions(
            self._report.event, self._questions_changed, spec.question_seconds
        )
        self._session: Session | None = None
        self._opened = asyncio.Event()
        # Texts of messages the model has not taken in: a restarted CLI gets them again.
        self._texts: dict[str, str] = {}
        self._deaths = 0
        self._work_cut_off = False

    # -- inputs ---------------------------------------------------------------------------------

    async def take(self, frame: Chat | AskUserResponse | Interrupt) -> None:
        """Apply one input, once there is a session to apply it to."""
        await self._opened.wait()
        match frame:
            case Chat():
                await self._chat(frame)
            case AskUserResponse():
                if not self._questions.answer(frame):
                    log("info", "an answer came to a question that is not open")
            case Interrupt():
                await self._interrupt()
        self._course.changed.set()

    async def _chat(self, frame: Chat) -> None:
        message_id = message_uuid(frame.id, self._agent_id)
        self._forget_seen_texts()
        self._texts[message_id] = frame.message
        self._activity.sent(message_id, frame.input or 0)
        await self._say(message_id, frame.message)

    async def _say(self, message_id: str, text: str) -> None:
        """A CLI that died meanwhile is started again, and gets what it has not seen."""
        if self._session is not None:
            with contextlib.suppress(SessionOver):
                await self._session.say(message_id, text)

    async def _interrupt(self) -> None:
        if self._session is None:
            return
        try:
            cancelled = await self._session.interrupt(INTERRUPT_SECONDS)
        except SessionOver:
            log("warn", "the CLI did not take the interrupt")
            return
        self._activity.cancelled(cancelled)

    def _forget_seen_texts(self) -> None:
        unseen = self._activity.unseen
        self._texts = {key: text for key, text in self._texts.items() if key in unseen}

    # -- life -----------------------------------------------------------------------------------

    async def live(self) -> Exited:
        """Run CLI sessions until the agent is done, stopped or given up: its last word."""
        while True:
            over, reason = await self._one_session()
            if over is _Over.STOPPED:
                return Exited(outcome="stopped")
            if over is _Over.RESTED:
                failure = self._activity.failure
                return Exited(outcome="failed" if failure else "completed", reason=failure)
            self._deaths += 1
            log("warn", "the CLI ended unexpectedly", deaths=self._deaths)
            if self._deaths >= DEATHS:
                return Exited(outcome="failed", reason=f"The CLI ended unexpectedly: {reason}")
            self._report.event(
                Output(
                    msg_type="system",
                    kind="restarted",
                    content=f"The CLI ended unexpectedly and was restarted ({reason}).",
                )
            )

    async def _one_session(self) -> tuple[_Over, str]:
        """One run of the CLI: open, drive, and end it whatever happens."""
        resume = session_file(self._with.places, self.spec.session_id).is_file()
        callbacks = Callbacks(self._line, self._with.room, self._questions.ask, self._report.event)
        session = Session(self.spec, self._with.places, self._with.environment, callbacks)
        self._session = session
        draining: asyncio.Task[None] | None = None
        try:
            if not await self._open(session, resume=resume):
                return _Over.STOPPED, ""
            draining = asyncio.create_task(session.drain(), name="drain")
            await self._catch_up(resumed=resume)
            self._opened.set()
            over = await self._until_over(draining)
            if over is _Over.DIED:
                draining.result()
            elif over is _Over.RESTED:
                await session.finish()
                await either(draining, self._course.stopping, FINISH_SECONDS)
            else:
                await self._calm(session, draining)
            return over, "it closed its output"
        except SessionOver as error:
            stopping = self._course.stopping.is_set()
            return (_Over.STOPPED if stopping else _Over.DIED), str(error)
        finally:
            self._opened.clear()
            self._session = None
            await self._end(session, draining)

    async def _open(self, session: Session, *, resume: bool) -> bool:
        """False: a stop came first."""
        opening = asyncio.create_task(session.open(resume=resume), name="open")
        await either(opening, self._course.stopping, None)
        if opening.done():
            opening.result()
            return True
        processes.kill_all()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        return False

    async def _catch_up(self, *, resumed: bool) -> None:
        """After a death: say what happened, and hand over again what was not taken in."""
        if self._deaths == 0:
            return
        self._forget_seen_texts()
        if resumed and self._work_cut_off:
            await self._say(str(uuid.uuid4()), _RESTARTED)
        for message_id, text in list(self._texts.items()):
            await self._say(message_id, text)

    async def _until_over(self, draining: "asyncio.Task[None]") -> _Over:
        """Wait until the CLI dies, a stop is wanted, or the agent has rested long enough."""
        loop = asyncio.get_running_loop()
        rested_since: float | None = None
        while True:
            self._course.changed.clear()
            if self._course.stopping.is_set():
                return _Over.STOPPED
            if draining.done():
                return _Over.DIED
            awaited = self._with.awaits_inputs()
            if not self._activity.at_rest or awaited:
                rested_since = None
            elif rested_since is None:
                rested_since = loop.time()
            left = self._keep_alive_left(rested_since)
            if left is not None and left <= 0:
                self._course.finish()
                return _Over.RESTED
            await either(draining, self._course.changed, _LOOK_SECONDS if awaited else left)

    def _keep_alive_left(self, rested_since: float | None) -> float | None:
        """Seconds until the agent may finish; None: not by resting."""
        keep = self.spec.keep_alive_seconds
        if rested_since is None or keep is None:
            return None
        return rested_since + keep - asyncio.get_running_loop().time()

    async def _calm(self, session: Session, draining: "asyncio.Task[None]") -> None:
        """Interrupt before the end: a CLI whose tools are gone ends at once, else it waits."""
        self._questions.end()
        await session.interrupt(INTERRUPT_SECONDS)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LAST_LINES_SECONDS
        while self._activity.state != "idle" and not draining.done():
            left = deadline - loop.time()
            if left <= 0:
                return
            self._course.changed.clear()
            await either(draining, self._course.changed, left)

    async def _end(self, session: Session, draining: "asyncio.Task[None] | None") -> None:
        """Leave no process behind, however the session ended."""
        killing = asyncio.get_running_loop().call_later(CLOSE_SECONDS, processes.kill_all)
        try:
            await session.close()
        finally:
            killing.cancel()
            processes.kill_all()
        if draining is not None:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
        self._work_cut_off = self._activity.state != "idle"
        self._activity.cli_ended()
        self._report.status()

    @property
    def cli_pid(self) -> int | None:
        """The CLI's process, while there is one."""
        return None if self._session is None else self._session.pid

    def _line(self, raw: dict[str, object]) -> None:
        if raw.get("type") == "result":
            self._deaths = 0
        self._report.line(raw)

    def _questions_changed(self) -> None:
        self._activity.open_questions = len(self._questions)
        self._report.status()
        self._course.changed.set()


def message_uuid(given: str | None, agent_id: str) -> str:
    """The UUID under which the CLI takes a message once; a foreign id is turned into one."""
    if given is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(given))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{agent_id}/{given}"))
