"""One run of the Claude CLI through its SDK: options, messages in, lines out.

Must not know the manager or the spool: it is given callbacks. Importing it costs seconds (the
SDK), so the link is up before.
"""

import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_agent_sdk import (
    CanUseToolShadowedWarning,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    PermissionResultAllow,
    PermissionResultDeny,
    ProcessError,
    SessionKey,
    SessionStore,
    SessionStoreEntry,
    ToolPermissionContext,
)

from autosclaw.protocol.events import SessionLog
from autosclaw.protocol.link import SessionSpec
from autosclaw.runner.environment import Places
from autosclaw.runner.questions import ASK_TOOL, PLAN_TOOL, Verdict
from autosclaw.runner.session_files import fragments
from autosclaw.runner.transport import ControlRefused, TapTransport

# One Edit of a large file repeats the whole file in one line; the SDK's default is 1 MiB.
LINE_BYTES = 64 << 20
GUIDELINES = Path("/opt/agent/guidelines.md")
# Lines of the CLI's standard error kept for the reason of a failure.
_STDERR_LINES = 5
_STDERR_CHARS = 300

# Glob and Grep only exist when they are named. What is missing here (cron, messages between
# agents, workflows) would compete with the platform's own.
TOOLS = [
    *("Bash", "Read", "Write", "Edit", "Glob", "Grep", "NotebookEdit"),
    *("WebSearch", "WebFetch", "Agent", "Skill"),
    *("TodoWrite", "TaskCreate", "TaskGet", "TaskList", "TaskUpdate", "TaskOutput", "TaskStop"),
    *("EnterPlanMode", PLAN_TOOL, "EnterWorktree", "ExitWorktree", ASK_TOOL),
]
NO_TOOLS = [
    *("CronCreate", "CronDelete", "CronList", "ScheduleWakeup", "SendMessage", "ListAgents"),
    *("Workflow", "ReportFindings", "Monitor"),
]
_SETTINGS = '{"skipWebFetchPreflight":true,"cleanupPeriodDays":3650}'

# We do mean both: people answer questions, everything else is approved beforehand.
warnings.filterwarnings("ignore", category=CanUseToolShadowedWarning)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a session tells and asks while it runs."""

    on_line: Callable[[dict[str, Any]], None]
    room: Callable[[], Awaitable[None]]
    ask: Callable[[str, dict[str, Any], str | None], Awaitable[Verdict]]
    keep_log: Callable[[SessionLog], None]


class SessionOver(Exception):
    """The CLI is gone or does not do what it was asked; the text says how it ended."""


class _Mirror(SessionStore):
    """Takes what the CLI writes to its session files. Resuming is done from files, not from it."""

    def __init__(self, keep: Callable[[SessionLog], None]) -> None:
        self._keep = keep

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        for fragment in fragments(key.get("subpath") or "", entries):
            self._keep(fragment)

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        return None


class Session:
    """One CLI process. Open it, drain it all the time, and close it in any case."""

    def __init__(
        self,
        spec: SessionSpec,
        places: Places,
        environment: dict[str, str],
        callbacks: Callbacks,
    ) -> None:
        self._spec = spec
        self._places = places
        self._environment = environment
        self._callbacks = callbacks
        self._stderr: list[str] = []
        self._client: ClaudeSDKClient | None = None
        self._transport: TapTransport | None = None

    @property
    def pid(self) -> int | None:
        """The CLI's process, while there is one."""
        return None if self._transport is None else self._transport.pid

    async def open(self, *, resume: bool) -> None:
        """Start the CLI; with `resume`, on the session files that are there. Raises SessionOver."""
        options = self._options(resume)
        self._transport = TapTransport(options, self._callbacks.on_line, self._callbacks.room)
        self._client = ClaudeSDKClient(options, self._transport)
        try:
            await self._client.connect()
        # The SDK raises bare exceptions too, for control requests that time out.
        except Exception as error:
            raise SessionOver(self._reason(error)) from error

    async def drain(self) -> None:
        """Read until the CLI ends by itself. Raises SessionOver when it ended badly."""
        if self._client is None:
            raise SessionOver("the session was not opened")
        try:
            # Lines were seen by the tap; but answers to the CLI only flow while this is read.
            async for _ in self._client.receive_messages():
                pass
        except Exception as error:
            raise SessionOver(self._reason(error)) from error

    async def say(self, message_id: str, text: str) -> None:
        """Hand over a message; the same UUID twice is taken once. Raises SessionOver."""
        message: dict[str, Any] = {
            "type": "user",
            "uuid": message_id,
            "message": {"role": "user", "content": text},
            "parent_tool_use_id": None,
            "session_id": self._spec.session_id,
        }
        if text.startswith("/"):
            # People write to a model, not to a command line: /clear would wipe it.
            message["client_composed"] = True
        if self._client is None:
            raise SessionOver("the session was not opened")
        try:
            await self._client.query(_one(message))
        except ClaudeSDKError as error:
            raise SessionOver(self._reason(error)) from error

    async def interrupt(self, seconds: float) -> list[str]:
        """End the turn and drop what is queued; the UUIDs of dropped messages.

        Raises SessionOver when the CLI does not answer within `seconds`.
        """
        if self._transport is None:
            raise SessionOver("the session was not opened")
        request = {"subtype": "interrupt", "cancel_queued": True}
        try:
            answer = await self._transport.control(request, seconds)
        except (TimeoutError, ControlRefused, ClaudeSDKError) as error:
            raise SessionOver(self._reason(error)) from error
        cancelled: list[object] = answer.get("cancelled") or []
        return [str(message_id) for message_id in cancelled]

    async def finish(self) -> None:
        """No more messages: the CLI completes what it does and ends."""
        if self._transport is not None:
            await self._transport.end_input()

    async def close(self) -> None:
        """End the CLI, by force if it must be (within 15 s); twice is safe."""
        if self._client is not None:
            await self._client.disconnect()

    def _reason(self, error: Exception) -> str:
        what = str(error).strip() or type(error).__name__
        if isinstance(error, ProcessError):
            what = f"exit code {error.exit_code}"
        said = " | ".join(self._stderr)
        return f"{what}: {said}" if said else what

    def _note_stderr(self, line: str) -> None:
        self._stderr = [*self._stderr, line[:_STDERR_CHARS]][-_STDERR_LINES:]

    async def _can_use_tool(
        self, name: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        if name not in (ASK_TOOL, PLAN_TOOL):
            return PermissionResultAllow()
        verdict = await self._callbacks.ask(name, given, context.tool_use_id)
        if verdict.allowed is None:
            return PermissionResultDeny(message=verdict.denied)
        return PermissionResultAllow(updated_input=verdict.allowed)

    def _options(self, resume: bool) -> ClaudeAgentOptions:
        spec = self._spec
        return ClaudeAgentOptions(
            cwd=str(self._places.work),
            env=self._environment,
            max_buffer_size=LINE_BYTES,
            model=spec.model,
            system_prompt={
                "type": "preset",
                "preset": "claude_code",
                "append": _appended(spec.append_prompt),
                # Else a changed prompt would be ignored by a resumed session.
                "snapshot": False,
            },
            thinking={"type": "adaptive", "display": "summarized"},
            permission_mode="bypassPermissions",
            can_use_tool=self._can_use_tool,
            tools=TOOLS,
            disallowed_tools=NO_TOOLS,
            # A cloned repository's settings could send credentials elsewhere and run commands.
            setting_sources=[],
            strict_mcp_config=True,
            settings=_SETTINGS,
            include_partial_messages=True,
            forward_subagent_text=True,
            # Listing and deleting are optional; the pinned SDK only appends to a mirror.
            session_store=_Mirror(self._callbacks.keep_log),  # pyright: ignore[reportAbstractUsage]
            session_store_flush="eager",
            stderr=self._note_stderr,
            # Tells when the model takes a message in.
            extra_args={"replay-user-messages": None},
            client_app="autosclaw",
            resume=spec.session_id if resume else None,
            session_id=None if resume else spec.session_id,
        )


def _appended(prompt: str) -> str:
    guidelines = GUIDELINES.read_text() if GUIDELINES.is_file() else ""
    return "\n\n".join(part for part in (guidelines.strip(), prompt.strip()) if part)


async def _one(message: dict[str, Any]):
    yield message
