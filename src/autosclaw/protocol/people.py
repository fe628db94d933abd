"""People: roles, sign-in and who one is.

Must not know how passwords or tokens are checked.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from autosclaw.protocol import limits


class Role(StrEnum):
    """What a user may do (contract §1)."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


Username = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=limits.USERNAME_MIN_CHARS,
        max_length=limits.USERNAME_CHARS,
    ),
]
Password = Annotated[
    str,
    StringConstraints(min_length=limits.PASSWORD_MIN_CHARS, max_length=limits.PASSWORD_CHARS),
]


class LoginRequest(BaseModel):
    """POST /auth/login. Lengths are not checked here: a wrong pair is a 401, whatever it is."""

    username: Annotated[str, StringConstraints(max_length=limits.USERNAME_CHARS)]
    password: Annotated[str, StringConstraints(max_length=limits.PASSWORD_CHARS)]


class LoginResponse(BaseModel):
    """A JWT valid for 24 hours; browsers get the same in an HttpOnly cookie."""

    token: str
    username: str
    role: Role


class Me(BaseModel):
    """GET /auth/me."""

    username: str
    role: Role
