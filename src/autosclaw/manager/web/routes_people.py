"""REST: signing in and out, and who one is.

Must not hash or mint; `services.accounts` does.
"""

from fastapi import APIRouter, Request, Response

from autosclaw.manager.web.errors import ERRORS
from autosclaw.manager.web.signin import COOKIE, Installation, User, set_cookie
from autosclaw.protocol.people import LoginRequest, LoginResponse, Me

router = APIRouter(prefix="/auth", tags=["people"], responses=ERRORS)


@router.post("/login")
async def login(
    body: LoginRequest, request: Request, response: Response, here: Installation
) -> LoginResponse:
    """Sign in. The JWT is valid for 24 hours; browsers also get it as an HttpOnly cookie."""
    made = await here.accounts.login(body.username, body.password)
    set_cookie(request, response, made.token)
    return LoginResponse(token=made.token, username=made.username, role=made.role)


@router.post("/logout", status_code=204)
async def logout(response: Response) -> None:
    """Forget the browser's cookie."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@router.get("/me")
async def me(user: User) -> Me:
    """Who one is."""
    return Me(username=user.username, role=user.role)
