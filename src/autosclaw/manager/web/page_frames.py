"""What each frame of a page does: the contract's messages and our acknowledged form.

Must not decide who may (services ask policy) and never closes over another page's state.
"""

from typing import Any, cast

import msgspec
from pydantic import ValidationError

from autosclaw.manager.domain.policy import UserActor, Verb
from autosclaw.manager.services.agents import demand
from autosclaw.manager.store.database import StoreUnavailable
from autosclaw.manager.web.context import Context
from autosclaw.manager.web.errors import sentence
from autosclaw.manager.web.history import entries, newest_within
from autosclaw.manager.web.page_connection import PageConnection
from autosclaw.protocol import limits, live
from autosclaw.protocol.agents import Agent, SpawnRequest
from autosclaw.protocol.errors import DomainError, bad_input, forbidden


async def handle(page: PageConnection, here: Context, data: str) -> bool:
    """One frame; answers `ok` or `error`. False: it was not understood."""
    request_id = None
    try:
        raw = _object(data)
        request_id = _request_id(raw)
        frame = _decode(raw)
        page.user = await _still(page, here)
        made = await _act(page, here, frame)
    except DomainError as error:
        refusal = live.ErrorMessage(message=error.message, request_id=request_id)
        page.push(live.encode(refusal).decode())
        return error.code != "bad_input"
    except StoreUnavailable:
        text = "The database does not answer; try again."
        page.push(live.encode(live.ErrorMessage(message=text, request_id=request_id)).decode())
        return True
    if request_id is not None:
        page.push(live.encode(live.Ok(request_id=request_id, agent_id=made)).decode())
    return True


def _object(data: str) -> dict[str, Any]:
    try:
        raw: object = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        raise bad_input("This frame is not JSON.") from None
    if not isinstance(raw, dict):
        raise bad_input("A frame is an object with a type.")
    return cast("dict[str, Any]", raw)


def _request_id(raw: dict[str, Any]) -> str | None:
    """Also of a frame that is not understood, so that its sender gets the refusal."""
    given = raw.get("requestId")
    return given[: live.REQUEST_ID_CHARS] if isinstance(given, str) else None


def _decode(raw: dict[str, Any]) -> live.ClientMessage:
    kind = raw.get("type")
    if not isinstance(kind, str):
        raise bad_input("A frame is an object with a type.")
    try:
        return live.client_message.validate_python(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        if errors[0]["type"] == "union_tag_invalid":
            raise bad_input(f"There is no message of the type {kind[:60]!r}.") from None
        first = {**errors[0], "loc": errors[0]["loc"][1:]}
        raise bad_input(f"{kind}: {sentence([first])}") from None


async def _still(page: PageConnection, here: Context) -> UserActor:
    """The user as they are now: a role that changed or a session that ended counts at once."""
    actor = await here.accounts.who(page.token)
    if not isinstance(actor, UserActor):
        raise forbidden("Only people may use this socket.")
    return actor


async def _act(page: PageConnection, here: Context, frame: live.ClientMessage) -> str | None:
    match frame:
        case live.StartAgent():
            wanted = SpawnRequest.model_validate(
                frame.model_dump(exclude={"type", "request_id", "key"})
            )
            made = await here.agents.spawn(page.user, wanted, frame.key)
            return made.agent_id
        case live.StopAgent():
            await here.agents.stop(page.user, frame.agent_id)
        case live.StopAgents():
            await _stop_many(page, here, frame.agent_ids)
        case live.Watch():
            await _watch(page, here, frame)
        case live.Unwatch():
            page.unfollow(frame.agent_id)
        case live.SendChat():
            await here.conversations.chat(
                page.user, frame.agent_id, frame.message, _key(page, frame.key)
            )
        case live.AnswerQuestion():
            await here.conversations.answer(
                page.user, frame.agent_id, frame.answers, frame.question_id
            )
        case live.InterruptAgent():
            await here.conversations.interrupt(page.user, frame.agent_id)
    return None


def _key(page: PageConnection, key: str | None) -> str | None:
    return f"{page.user.id}:{key}" if key else None


async def _stop_many(page: PageConnection, here: Context, ids: list[str]) -> None:
    """Stop each; what cannot be stopped is said at the end, the others are stopped."""
    refused: list[str] = []
    for agent_id in ids:
        try:
            await here.agents.stop(page.user, agent_id)
        except DomainError as error:
            refused.append(error.message)
    if refused:
        raise forbidden(f"{len(refused)} of {len(ids)} were not stopped: {refused[0]}")


async def _watch(page: PageConnection, here: Context, frame: live.Watch) -> None:
    demand(page.user, Verb.AGENT_WATCH)
    full = len(page.watches) >= limits.WATCHES_PER_CONNECTION
    if full and frame.agent_id not in page.watches:
        raise bad_input(f"watch: at most {limits.WATCHES_PER_CONNECTION} agents at a time.")
    if page.plain:
        seen = await _plain_history(page, here, frame.agent_id)
        page.follow(await here.transcripts.hold(frame.agent_id), seen + 1)
        await _resend_question(page, here, frame.agent_id)
        return
    transcript = await here.transcripts.hold(frame.agent_id)
    channel = transcript.channel
    after = frame.after
    if after is None:
        after = max(0, channel.last - (limits.PAGE_EVENTS if frame.tail is None else frame.tail))
    after = min(after, channel.last)
    told = live.Watching(
        agent_id=frame.agent_id,
        first=after + 1,
        last=channel.last,
        committed=channel.committed,
    )
    page.push(live.encode(told).decode())
    page.follow(transcript, after + 1)


async def _plain_history(page: PageConnection, here: Context, agent_id: str) -> int:
    """Send text_history; returns the number of the last event in it."""
    rows, last = await here.transcripts.page(
        agent_id,
        before=None,
        after=None,
        limit=limits.PLAIN_HISTORY_ENTRIES,
        max_bytes=limits.PLAIN_HISTORY_BYTES,
    )
    events, cut = newest_within([event for _, event in rows])
    truncated = cut or (bool(rows) and rows[0][0] > 1)
    history = {
        "type": "text_history",
        "agentId": agent_id,
        "entries": entries(events),
        "truncated": truncated,
    }
    page.push(msgspec.json.encode(history).decode())
    return rows[-1][0] if rows else last


async def _resend_question(page: PageConnection, here: Context, agent_id: str) -> None:
    found: list[Agent] = await here.fleet.some([agent_id])
    question = found[0].question if found else None
    if question is not None:
        asked = [q.model_dump(by_alias=True, exclude_none=True) for q in question.questions]
        frame = {"type": "ask_user", "agentId": agent_id, "questions": asked}
        page.push(msgspec.json.encode(frame).decode())
