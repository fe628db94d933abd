"""Frames between a dashboard and the manager (contract §4 and our acknowledged form).

A page that opens `/ws?protocol=1` gets, instead of whole lists and single events:

    welcome {protocol, epoch, user, server}
    agent_list {agents}                         once; then only what changed:
    agents_changed {changed: […], removed: […]} at most four times a second
    events {agentId, first, committed, events}  arrays; events[i] has the number first + i
    deltas {agentId, deltas}                    partial text, never stored
    ok {requestId} | error {requestId, message} the answer to a frame that had a requestId

`watch {agentId, after}` continues after event number `after`, `watch {agentId, tail}` begins
with the newest `tail` events. Events up to `committed` are durable; when `epoch` differs after
a reconnect, a page drops what it has beyond the last `committed` and watches from there.
Must not know how frames travel.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from autosclaw.protocol import limits
from autosclaw.protocol.agents import (
    Agent,
    KeepAlive,
    ModelName,
    Name,
    Permission,
    Prompt,
    Purpose,
    Wire,
)
from autosclaw.protocol.people import Me

PROTOCOL = 1
REQUEST_ID_CHARS = 100

Key = Annotated[str, StringConstraints(min_length=8, max_length=100)]
"""Names one intent of a person, e.g. a UUID: the same key again is the same intent, done once."""

ChatText = Annotated[str, StringConstraints(min_length=1, max_length=limits.CHAT_CHARS)]


class _Ask(Wire):
    """Base of frames a dashboard sends; `requestId` asks for `ok` or `error` in answer."""

    request_id: Annotated[str, StringConstraints(max_length=REQUEST_ID_CHARS)] | None = None


class StartAgent(_Ask):
    """Start an agent to talk to: it lives until stopped unless keepAliveSeconds says otherwise."""

    type: Literal["start_agent"]
    name: Name = ""
    purpose: Purpose = ""
    system_prompt: Prompt = ""
    permissions: list[Permission] | None = None
    project_id: str | None = None
    model: ModelName | None = None
    keep_alive_seconds: KeepAlive | None = None
    key: Key | None = None


class StopAgent(_Ask):
    """Stop one agent."""

    type: Literal["stop_agent"]
    agent_id: str


class StopAgents(_Ask):
    """Stop several agents."""

    type: Literal["stop_agents"]
    agent_ids: Annotated[list[str], Field(max_length=limits.BULK_AGENTS)]


class Watch(_Ask):
    """Follow an agent. Without after and tail: the contract's text_history, then live frames."""

    type: Literal["watch"]
    agent_id: str
    after: Annotated[int, Field(ge=0)] | None = None
    tail: Annotated[int, Field(ge=0, le=limits.PAGE_EVENTS_MAX)] | None = None


class Unwatch(_Ask):
    """Stop following an agent."""

    type: Literal["unwatch"]
    agent_id: str


class SendChat(_Ask):
    """Say something to an agent."""

    type: Literal["chat"]
    agent_id: str
    message: ChatText
    key: Key | None = None


class AnswerQuestion(_Ask):
    """Answer the agent's open question (or the one named); the first answer wins."""

    type: Literal["ask_user_response"]
    agent_id: str
    answers: dict[str, Any]
    question_id: str | None = None


class InterruptAgent(_Ask):
    """End the agent's running turn; its session stays."""

    type: Literal["interrupt_agent"]
    agent_id: str


ClientMessage = Annotated[
    StartAgent
    | StopAgent
    | StopAgents
    | Watch
    | Unwatch
    | SendChat
    | AnswerQuestion
    | InterruptAgent,
    Field(discriminator="type"),
]


class Server(Wire):
    """What this installation runs on; shown on the page."""

    version: str
    runtime: Literal["docker", "process", "kubernetes"]
    isolated: bool = Field(description="false: agents run as plain processes, nothing holds them")
    rehearsal: bool = Field(description="the rehearsal model answers, not a real one")
    default_model: str


class Welcome(Wire):
    """First frame of an acknowledged connection."""

    type: Literal["welcome"] = "welcome"
    protocol: int
    epoch: str
    user: Me
    server: Server


class AgentList(Wire):
    """Agents that are not archived. Acknowledged pages get it once, plain ones on every change."""

    type: Literal["agent_list"] = "agent_list"
    agents: list[Agent]


class AgentsChanged(Wire):
    """Whole objects of the agents that changed, and the ids of those gone from the list."""

    type: Literal["agents_changed"] = "agents_changed"
    changed: list[Agent] = []
    removed: list[str] = []


class ScheduleList(Wire):
    """All schedules."""

    type: Literal["schedule_list"] = "schedule_list"
    schedules: list[dict[str, Any]] = []


class ProjectList(Wire):
    """All projects."""

    type: Literal["project_list"] = "project_list"
    projects: list[dict[str, Any]] = []


class Watching(Wire):
    """Answer to an acknowledged watch: live frames follow from `first`."""

    type: Literal["watching"] = "watching"
    agent_id: str
    first: int = Field(description="number of the first event that will follow")
    last: int = Field(description="number of the newest event now")
    committed: int


class LiveEvents(Wire):
    """events[i] is the event number first + i (schema `Event`)."""

    type: Literal["events"] = "events"
    agent_id: str
    first: int
    committed: int = Field(description="events up to this number survive any crash")
    events: list[Any]


class LiveDelta(Wire):
    """Partial output of one content block, see the link's `delta`."""

    message_id: str
    block: int
    kind: Literal["text", "thinking", "input"]
    text: str


class LiveDeltas(Wire):
    """Partial output of a watched agent, oldest first."""

    type: Literal["deltas"] = "deltas"
    agent_id: str
    deltas: list[LiveDelta]


class LiveStatus(Wire):
    """What the agent says it is doing."""

    type: Literal["status"] = "status"
    agent_id: str
    status: str


class LiveTokenTotals(Wire):
    """Totals so far."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    cost_usd: float = Field(alias="costUSD")


class LiveTokens(Wire):
    """Totals of a watched agent, at most once a second."""

    type: Literal["tokens"] = "tokens"
    agent_id: str
    tokens: LiveTokenTotals


class TextHistory(Wire):
    """Contract §4: the newest entries of a transcript in the plain form."""

    type: Literal["text_history"] = "text_history"
    agent_id: str
    entries: list[dict[str, Any]]
    truncated: bool = Field(default=False, description="older entries exist; page them over REST")


class AskNotification(Wire):
    """Somebody's agent waits for an answer; to every page."""

    type: Literal["ask_user_notification"] = "ask_user_notification"
    agent_id: str
    agent_name: str


class AgentStopped(Wire):
    """A watched agent ended."""

    type: Literal["agent_stopped"] = "agent_stopped"
    agent_id: str


class Beat(Wire):
    """Nothing happened for PING_SECONDS. A page that hears nothing for longer has lost us."""

    type: Literal["beat"] = "beat"


class Ok(Wire):
    """The frame with this requestId is done; agentId where one was made."""

    type: Literal["ok"] = "ok"
    request_id: str
    agent_id: str | None = None


class ErrorMessage(Wire):
    """A frame was refused: a sentence for a human."""

    type: Literal["error"] = "error"
    message: str
    request_id: str | None = None


ServerMessage = Annotated[
    Welcome
    | AgentList
    | AgentsChanged
    | ScheduleList
    | ProjectList
    | Watching
    | LiveEvents
    | LiveDeltas
    | LiveStatus
    | LiveTokens
    | TextHistory
    | AskNotification
    | AgentStopped
    | Beat
    | Ok
    | ErrorMessage,
    Field(discriminator="type"),
]

client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def encode(message: Wire) -> bytes:
    """A frame as JSON bytes in wire names, leaving out what is not set.

    But agent objects are whole: a client of the contract finds every field of it.
    """
    whole = isinstance(message, AgentList | AgentsChanged)
    return message.model_dump_json(by_alias=True, exclude_none=not whole).encode()
