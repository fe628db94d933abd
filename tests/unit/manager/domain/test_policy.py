"""Who may do what: the whole table."""

import pytest

from autosclaw.manager.domain.policy import Actor, AgentActor, Subject, UserActor, Verb, authorize
from autosclaw.protocol.agents import Permission
from autosclaw.protocol.people import Role

MINE = Subject("s1", "owner", None)
FOREIGN = Subject("s2", "somebody", None)
OTHER_PROJECT = Subject("s3", "owner", "p2")
READ = {Verb.AGENT_LIST, Verb.AGENT_WATCH, Verb.ME}
OWNED = {Verb.AGENT_STOP, Verb.AGENT_CHAT, Verb.AGENT_ANSWER, Verb.AGENT_INTERRUPT}
SUBJECTS = (None, MINE, FOREIGN, OTHER_PROJECT)


def user(role: Role) -> UserActor:
    return UserActor("u", "owner", role)


def agent(*permissions: Permission) -> AgentActor:
    return AgentActor("a", frozenset(permissions), None, "owner")


def verdicts(actor: Actor) -> set[tuple[Verb, Subject | None]]:
    return {(v, s) for v in Verb for s in SUBJECTS if authorize(actor, v, s) is None}


def test_every_verb_is_in_the_table() -> None:
    assert READ | OWNED | {Verb.AGENT_SPAWN} == set(Verb)


def test_an_admin_may_everything() -> None:
    assert verdicts(user(Role.ADMIN)) == {(v, s) for v in Verb for s in SUBJECTS}


def test_a_member_touches_its_own() -> None:
    forbidden = {(verb, FOREIGN) for verb in OWNED}
    assert verdicts(user(Role.MEMBER)) == {(v, s) for v in Verb for s in SUBJECTS} - forbidden


def test_a_viewer_reads() -> None:
    assert verdicts(user(Role.VIEWER)) == {(verb, s) for verb in READ for s in SUBJECTS}


def test_an_agent_without_the_permission_may_nothing() -> None:
    assert verdicts(agent()) == set()
    assert verdicts(agent(Permission.SCHEDULE)) == set()


def test_an_agent_with_the_permission_stays_with_its_owner_and_project() -> None:
    verbs = {Verb.AGENT_SPAWN, Verb.AGENT_LIST, Verb.AGENT_STOP}
    allowed = {(verb, subject) for verb in verbs for subject in (None, MINE)}
    assert verdicts(agent(Permission.SPAWN)) == allowed


def test_an_agent_does_not_stop_itself() -> None:
    itself = Subject("a", "owner", None)
    assert authorize(agent(Permission.SPAWN), Verb.AGENT_STOP, itself)


@pytest.mark.parametrize("actor", [user(Role.VIEWER), agent(), agent(Permission.SPAWN)])
def test_a_refusal_is_a_sentence(actor: Actor) -> None:
    for verb in Verb:
        told = authorize(actor, verb, FOREIGN)
        assert told is None or (told[0].isupper() and told.endswith("."))
