"""One agent inside its container: puts the parts together, and sees to it that it ends.

Must not talk to the CLI itself (`conversation` does) nor write to sockets (`link` does).
"""

import asyncio
import importlib
import os
import signal
from typing import TYPE_CHECKING

from autosclaw.protocol.bootstrap import Bootstrap
from autosclaw.protocol.events import Exited, Output
from autosclaw.protocol.link import CLOSE_ENDED, Registered, SessionSpec
from autosclaw.runner import processes
from autosclaw.runner.activity import Activity
from autosclaw.runner.course import Course, either
from autosclaw.runner.environment import ModelAccess, Places, cli_environment
from autosclaw.runner.link import Input, Link, LinkEnded
from autosclaw.runner.log import log
from autosclaw.runner.model_proxy import ModelProxy
from autosclaw.runner.reporter import Reporter
from autosclaw.runner.resume import NoLog, fetch_log
from autosclaw.runner.spool import Spool

if TYPE_CHECKING:
    from autosclaw.runner.conversation import Conversation

# Seconds from the wish to stop until the session is given up, and for the last word's ack.
STOP_SESSION_SECONDS = 5.5
STOP_ACK_SECONDS = 3.0
# Seconds a finished agent waits for the manager; afterwards its spool is read post mortem.
FINISH_ACK_SECONDS = 20.0
_REAP_SECONDS = 5.0


class Agent:
    """Implements the link's Receiver. `run` once."""

    def __init__(self, bootstrap: Bootstrap, places: Places, spool: Spool) -> None:
        self._bootstrap = bootstrap
        self._places = places
        self._spool = spool
        self._course = Course()
        self._activity = Activity()
        self._link = Link(
            bootstrap.manager_url, bootstrap.agent_id, bootstrap.agent_token, spool, self
        )
        self._proxy = ModelProxy(bootstrap.manager_url, bootstrap.agent_token)
        self._report = Reporter(
            spool,
            self._link,
            self._activity,
            self._course.changed.set,
            counts_tokens=bootstrap.provider is not None,
        )
        self._spec: SessionSpec | None = None
        self._registered = asyncio.Event()
        self._conversation: Conversation | None = None
        self._ready = asyncio.Event()

    async def run(self) -> int:
        """Live until completed, stopped or failed. 0, or 1 when failed.

        Raises SpoolError: then nothing more could be reported.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.close, number.name)
        self._spool.start()
        linking = asyncio.create_task(self._link.run(), name="link")
        living = asyncio.create_task(self._live(), name="life")
        reaping = asyncio.create_task(self._reap(), name="reaper")
        try:
            await asyncio.wait((linking, living), return_when=asyncio.FIRST_COMPLETED)
            cut_off = linking.done()
            if cut_off:
                self.close("the link ended")
            outcome = await _outcome(living)
            self._report.event(outcome)
            if cut_off:
                return _without_link(linking)
            await self._wait_for_acks(linking, stopped=outcome.outcome == "stopped")
            return 1 if outcome.outcome == "failed" else 0
        finally:
            for task in (linking, living, reaping):
                task.cancel()
            await asyncio.gather(linking, living, reaping, return_exceptions=True)
            await self._proxy.close()
            await self._spool.close()

    # -- what the manager says (link.Receiver) ------------------------------------------------

    def registered(self, answer: Registered) -> None:
        """The connection stands; the session's terms may have changed."""
        self._spec = answer.session
        if self._conversation is not None:
            self._conversation.spec = answer.session
        self._registered.set()
        self._course.changed.set()

    def refuses(self) -> bool:
        """Inputs that come now would start work under the shutdown."""
        return self._course.refuses

    def close(self, reason: str | None) -> None:
        """Stop: wanted by the manager, or by a signal. Twice is safe."""
        if not self._course.stopping.is_set():
            log("info", "stopping", reason=reason)
            self._course.stop()

    async def take(self, frame: Input) -> None:
        """Apply one input, once there is a conversation."""
        await self._ready.wait()
        if self._conversation is not None:
            await self._conversation.take(frame)

    # -- life -----------------------------------------------------------------------------------

    async def _live(self) -> Exited:
        """From registration to the agent's last word; a stop cuts every wait short."""
        beginning = asyncio.create_task(self._begin(), name="begin")
        try:
            await either(beginning, self._course.stopping, None)
            if not beginning.done():
                return Exited(outcome="stopped")
            conversation = beginning.result()
        finally:
            beginning.cancel()
        self._conversation = conversation
        self._ready.set()
        talking = asyncio.create_task(conversation.live(), name="conversation")
        try:
            await either(talking, self._course.stopping, None)
            await asyncio.wait((talking,), timeout=STOP_SESSION_SECONDS)
            if not talking.done() and self._course.stopping.is_set():
                log("warn", "the session did not end in time and was killed")
                return Exited(outcome="stopped")
            return await talking
        finally:
            talking.cancel()
            processes.kill_all()

    async def _begin(self) -> "Conversation":
        await self._registered.wait()
        spec = self._spec
        if spec is None:
            raise RuntimeError("registered without a session")
        # The SDK takes a second or more to import; the manager has seen us by now.
        module = await asyncio.to_thread(importlib.import_module, "autosclaw.runner.conversation")
        if spec.resume:
            await self._bring_back(spec)
        surroundings = module.Surroundings(
            places=self._places,
            environment=cli_environment(os.environ, self._places, await self._model_access(spec)),
            course=self._course,
            activity=self._activity,
            report=self._report,
            room=self._spool.room,
            awaits_inputs=lambda: self._link.has_inputs,
        )
        return module.Conversation(spec, self._bootstrap.agent_id, surroundings)

    async def _model_access(self, spec: SessionSpec) -> ModelAccess:
        if self._bootstrap.provider is not None:
            return ModelAccess.direct(self._bootstrap.provider)
        address = await self._proxy.start()
        if spec.subscription:
            return ModelAccess(address, oauth_token=self._proxy.key)
        return ModelAccess(address, api_key=self._proxy.key)

    async def _bring_back(self, spec: SessionSpec) -> None:
        """Restore the session's files, unless this home still has them."""
        files = importlib.import_module("autosclaw.runner.session_files")
        if files.session_file(self._places, spec.session_id).is_file():
            return
        try:
            held = await fetch_log(self._bootstrap.manager_url, self._bootstrap.agent_token)
            await asyncio.to_thread(files.restore, self._places, spec.session_id, held)
        except (NoLog, ValueError, OSError) as error:
            log("error", "the session could not be brought back", cause=str(error))
            text = "The earlier conversation could not be brought back; a new one begins."
            self._report.event(Output(msg_type="system", kind="resume_failed", content=text))

    async def _wait_for_acks(self, linking: "asyncio.Task[None]", *, stopped: bool) -> None:
        draining = asyncio.create_task(self._spool.drained(), name="acks")
        seconds = STOP_ACK_SECONDS if stopped else FINISH_ACK_SECONDS
        try:
            await asyncio.wait(
                (draining, linking), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not draining.done():
                log("warn", "events are left in the spool", bytes=self._spool.pending_bytes)
        finally:
            draining.cancel()

    async def _reap(self) -> None:
        """What tools leave behind becomes our child; the dead ones are collected."""
        while True:
            await asyncio.sleep(_REAP_SECONDS)
            conversation = self._conversation
            processes.reap_orphans(None if conversation is None else conversation.cli_pid)


async def _outcome(living: "asyncio.Task[Exited]") -> Exited:
    """The agent's last word, also when the runner itself has a fault."""
    await asyncio.wait((living,))
    fault = living.exception()
    if fault is None:
        return living.result()
    log("error", "the runner failed", cause=type(fault).__name__, text=str(fault)[:300])
    return Exited(outcome="failed", reason=f"The runner failed ({type(fault).__name__}).")


def _without_link(linking: "asyncio.Task[None]") -> int:
    """The exit code when the manager let go of this agent. Raises what else ended the link."""
    try:
        linking.result()
    except LinkEnded as ended:
        log("info", str(ended))
        return 0 if ended.code == CLOSE_ENDED else 1
    return 1
