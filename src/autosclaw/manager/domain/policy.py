"""Who may do what: one table over roles and permissions, asked by every door.

Pure. Must not read the store: the caller brings the subject's facts.
"""

from dataclasses import dataclass
from enum import StrEnum

from autosclaw.protocol.agents import Permission
from autosclaw.protocol.people import Role


class Verb(StrEnum):
    """What can be asked of the manager."""

    AGENT_SPAWN = "agent.spawn"
    AGENT_STOP = "agent.stop"
    AGENT_LIST = "agent.list"
    AGENT_WATCH = "agent.watch"
    AGENT_CHAT = "agent.chat"
    AGENT_ANSWER = "agent.answer"
    AGENT_INTERRUPT = "agent.interrupt"
    ME = "me"


@dataclass(frozen=True, slots=True)
class UserActor:
    """A signed-in person."""

    id: str
    username: str
    role: Role


@dataclass(frozen=True, slots=True)
class AgentActor:
    """An agent with its one-boot token."""

    id: str
    permissions: frozenset[Permission]
    project_id: str | None
    owner: str | None


Actor = UserActor | AgentActor


@dataclass(frozen=True, slots=True)
class Subject:
    """The agent a verb is about."""

    id: str
    created_by: str | None
    project_id: str | None


_EVERY_ROLE = frozenset(Role)
_WRITERS = frozenset({Role.ADMIN, Role.MEMBER})
_ROLES: dict[Verb, frozenset[Role]] = {
    Verb.AGENT_SPAWN: _WRITERS,
    Verb.AGENT_STOP: _WRITERS,
    Verb.AGENT_LIST: _EVERY_ROLE,
    Verb.AGENT_WATCH: _EVERY_ROLE,
    Verb.AGENT_CHAT: _WRITERS,
    Verb.AGENT_ANSWER: _WRITERS,
    Verb.AGENT_INTERRUPT: _WRITERS,
    Verb.ME: _EVERY_ROLE,
}
_OWNERSHIP = frozenset({Verb.AGENT_STOP, Verb.AGENT_CHAT, Verb.AGENT_ANSWER, Verb.AGENT_INTERRUPT})
_AGENT_PERMISSION: dict[Verb, Permission] = {
    Verb.AGENT_SPAWN: Permission.SPAWN,
    Verb.AGENT_STOP: Permission.SPAWN,
    Verb.AGENT_LIST: Permission.SPAWN,
}


def authorize(actor: Actor, verb: Verb, subject: Subject | None = None) -> str | None:
    """None when allowed, else a sentence that says why not."""
    if isinstance(actor, UserActor):
        return _authorize_user(actor, verb, subject)
    return _authorize_agent(actor, verb, subject)


def _authorize_user(actor: UserActor, verb: Verb, subject: Subject | None) -> str | None:
    if actor.role not in _ROLES[verb]:
        return f"Your role ({actor.role}) may read only; ask an admin for the member role."
    owned = subject is None or subject.created_by == actor.username
    if actor.role is Role.MEMBER and verb in _OWNERSHIP and not owned:
        return "Only the owner of this agent or an admin may do this."
    return None


def _authorize_agent(actor: AgentActor, verb: Verb, subject: Subject | None) -> str | None:
    needed = _AGENT_PERMISSION.get(verb)
    if needed is None:
        return "Agents may not do this."
    if needed not in actor.permissions:
        return f"This agent lacks the permission {needed}."
    if subject is None:
        return None
    if verb is Verb.AGENT_STOP and subject.id == actor.id:
        return "An agent may not stop itself this way; it ends when its work is done."
    if subject.project_id != actor.project_id or subject.created_by != actor.owner:
        return "Agents may only touch agents of the same owner and project."
    return None
