"""Agents as the outside sees them: states, permissions, the agent object, requests about them.

Must not decide transitions (`manager.domain.agents` does).
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from autosclaw.protocol import limits

DEFAULT_MODEL = "claude-opus-4-6"
UNTITLED = "Untitled Agent"


class State(StrEnum):
    """Where an agent is in its life (design: "An agent's life")."""

    REQUESTED = "requested"
    CREATING = "creating"
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    DISCONNECTED = "disconnected"
    DRAINING = "draining"
    STOPPING = "stopping"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"
    STOPPED = "stopped"
    ARCHIVED = "archived"


class Status(StrEnum):
    """The contract's coarse status."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETED = "deleted"


class Desired(StrEnum):
    """What people want of an agent, apart from what is so."""

    RUN = "run"
    STOP = "stop"


class Permission(StrEnum):
    """What an agent may do besides its own work."""

    SPAWN = "agent:spawn"
    SCHEDULE = "agent:schedule"


PUBLIC_STATUS: dict[State, Status] = {
    State.REQUESTED: Status.STARTING,
    State.CREATING: Status.STARTING,
    State.STARTING: Status.STARTING,
    State.RUNNING: Status.RUNNING,
    State.WAITING: Status.RUNNING,
    State.DISCONNECTED: Status.RUNNING,
    State.DRAINING: Status.STOPPING,
    State.STOPPING: Status.STOPPING,
    State.COMPLETED: Status.STOPPED,
    State.FAILED: Status.STOPPED,
    State.LOST: Status.STOPPED,
    State.STOPPED: Status.STOPPED,
    State.ARCHIVED: Status.DELETED,
}
ENDED = frozenset({State.COMPLETED, State.FAILED, State.LOST, State.STOPPED, State.ARCHIVED})


class Wire(BaseModel):
    """Base of camelCase wire objects; unknown fields are ignored, as the contract asks."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class QuestionOption(Wire):
    """One choice of a question."""

    label: str
    description: str | None = None


class QuestionItem(Wire):
    """One question as the agent's tool puts it; free text is always a possible answer."""

    question: str
    header: str | None = None
    options: list[QuestionOption] = []
    multi_select: bool = False


class OpenQuestion(Wire):
    """What an agent waits for: answerable until answered, expired or the agent ends."""

    id: str
    questions: list[QuestionItem]
    asked_at: str


class Agent(Wire):
    """The agent object of the contract (§4) and the finer fields a new client may use."""

    id: str
    name: str
    purpose: str
    status: Status
    processing: bool = Field(description="the model or a tool works right now")
    waiting_for_ask_user: bool
    cost_usd: float = Field(alias="costUSD", description="USD so far, from the model gateway")
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    created_by: str | None
    permissions: list[Permission]
    project_id: str | None
    state: State = Field(description="finer than status")
    exit_reason: str | None = Field(default=None, description="why it ended, one sentence")
    cost_unknown: bool = Field(
        default=False, description="some requests had no known price; costUSD is a lower bound"
    )
    connected: bool = False
    model: str = DEFAULT_MODEL
    keep_alive_seconds: int | None = Field(
        default=None, description="idle time before it finishes; null = until stopped"
    )
    parent_id: str | None = None
    doing: str | None = Field(default=None, description="the latest step in a few words")
    last_seq: int = Field(default=0, description="number of its newest transcript event")
    question: OpenQuestion | None = None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    deleted_at: str | None = None
    is_self: bool | None = None


Name = Annotated[str, StringConstraints(max_length=limits.NAME_CHARS, strip_whitespace=True)]
Purpose = Annotated[str, StringConstraints(max_length=limits.PURPOSE_CHARS)]
Prompt = Annotated[str, StringConstraints(max_length=limits.SYSTEM_PROMPT_CHARS)]
ModelName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/@\[\]-]+$")
]
KeepAlive = Annotated[int, Field(ge=0, le=30 * 24 * 3600)]


class SpawnRequest(Wire):
    """POST /api/spawn. `systemPrompt` is the task: the agent's first chat, delivered once."""

    name: Name = ""
    purpose: Purpose = ""
    system_prompt: Prompt = ""
    permissions: list[Permission] | None = None
    project_id: str | None = None
    model: ModelName | None = None
    keep_alive_seconds: KeepAlive | None = Field(
        default=0, description="idle seconds before it finishes; null = until stopped"
    )


class SpawnResponse(Wire):
    """The agent that was accepted; it starts within 120 s or fails with a reason."""

    agent_id: str
    name: str


class DespawnRequest(Wire):
    """POST /api/despawn."""

    agent_id: str


class AgentsResponse(Wire):
    """GET /api/agents."""

    agents: list[Agent]


class EventsPage(Wire):
    """A page of a transcript: `events[i]` has the number `first + i`."""

    agent_id: str
    first: int = Field(description="number of the first event; last + 1 when the page is empty")
    last: int = Field(description="number of the transcript's newest event")
    has_before: bool
    has_after: bool
    events: list[Any] = Field(description="transcript events, see the schema `Event`")


class Health(BaseModel):
    """GET /api/health."""

    status: Literal["ok", "error"]
