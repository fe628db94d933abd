"""Who a request comes from: a Bearer token, or the page's cookie with a same-origin check.

Must not decide what the actor may do.
"""

from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from autosclaw.manager.domain.policy import Actor, AgentActor, UserActor
from autosclaw.manager.services.accounts import TOKEN_SECONDS
from autosclaw.manager.web.context import Context
from autosclaw.protocol.errors import Code, DomainError, forbidden

COOKIE = "autosclaw_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGN_IN = "Sign in first: send 'Authorization: Bearer <token>'."


def context_of(connection: HTTPConnection) -> Context:
    """The installation this connection belongs to."""
    found = connection.app.state.context
    if not isinstance(found, Context):
        raise TypeError("the app has no context")
    return found


def same_origin(connection: HTTPConnection, allowed: tuple[str, ...]) -> bool:
    """A browser's request from our own page (or an allowed one); others send no Origin."""
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site") in (None, "same-origin", "none")
    host = connection.headers.get("host", "")
    return origin in allowed or origin.partition("://")[2] == host


async def actor_of(request: Request) -> Actor:
    """The user or agent behind a request. Raises UNAUTHENTICATED, forbidden (foreign page)."""
    context = context_of(request)
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if header:
        if scheme.lower() != "bearer" or not token.strip():
            raise DomainError(Code.UNAUTHENTICATED, _SIGN_IN)
        return await context.accounts.who(token.strip())
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise DomainError(Code.UNAUTHENTICATED, _SIGN_IN)
    if request.method not in _SAFE and not same_origin(request, context.allowed_origins):
        raise forbidden("This request comes from another page.")
    return await context.accounts.who(cookie)


async def user_of(request: Request) -> UserActor:
    """The person behind a request. Raises as actor_of, and forbidden for agents."""
    actor = await actor_of(request)
    if not isinstance(actor, UserActor):
        raise forbidden("Agents may not do this.")
    return actor


async def agent_of(request: Request) -> AgentActor:
    """The agent behind a request on the agents' listener."""
    actor = await actor_of(request)
    if not isinstance(actor, AgentActor):
        raise forbidden("Only agents are served here.")
    return actor


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Keep the session in the browser: out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=TOKEN_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


async def installation(connection: HTTPConnection) -> Context:
    """context_of as a dependency; async, or every request would wait for a thread."""
    return context_of(connection)


AnyActor = Annotated[Actor, Depends(actor_of)]
User = Annotated[UserActor, Depends(user_of)]
AgentOnly = Annotated[AgentActor, Depends(agent_of)]
Installation = Annotated[Context, Depends(installation)]
