"""People: seeding the admin, signing in, and who a token belongs to.

Owns hashing (off the event loop) and JWTs. Every request re-reads the user, so a token is worth
what the user may do now. Must not know cookies or headers.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import bcrypt
import jwt

from autosclaw.manager.domain.policy import Actor, UserActor
from autosclaw.manager.services.clock import Clock
from autosclaw.manager.services.link_session import actor_of
from autosclaw.manager.services.links import Links
from autosclaw.manager.store import users
from autosclaw.manager.store.database import Database, Tx
from autosclaw.protocol import ids
from autosclaw.protocol.errors import Code, DomainError
from autosclaw.protocol.people import Role

TOKEN_SECONDS = 24 * 3600
BCRYPT_ROUNDS = 10
_AUDIENCE = "autosclaw"
_WRONG = "The username or the password is wrong."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh JWT and whose it is."""

    token: str
    username: str
    role: Role


def prepare(password: str) -> bytes:
    """bcrypt reads 72 bytes at most; this keeps every character of a longer password."""
    digest = hashlib.sha256(password.encode()).digest()
    return base64.b64encode(digest)


def hash_password(password: str) -> str:
    """bcrypt, 10 rounds (contract §8)."""
    return bcrypt.hashpw(prepare(password), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()


class Accounts:
    """Sign-in and tokens."""

    def __init__(self, database: Database, links: Links, clock: Clock, jwt_secret: str) -> None:
        self._database = database
        self._links = links
        self._clock = clock
        self._secret = jwt_secret
        self._hashing = ThreadPoolExecutor(2, thread_name_prefix="hashing")
        self._dummy = hash_password(secrets.token_hex(16))

    async def seed_admin(self, username: str | None, password: str | None) -> str | None:
        """Make the first admin when there is nobody yet.

        Returns the password when one had to be made up: to be shown once.
        """
        if await self._database.read(users.count):
            return None
        made = None if password else secrets.token_urlsafe(12)
        hashed = await self._hash(password or made or "")
        name = username or "admin"

        def job(tx: Tx) -> bool:
            if users.count(tx):
                return False
            users.add(tx, ids.new_id(), name, hashed, Role.ADMIN, self._clock())
            return True

        return made if await self._database.write(job) else None

    async def login(self, username: str, password: str) -> SignedIn:
        """Raises UNAUTHENTICATED with the same words whatever was wrong."""
        user = await self._database.read(lambda tx: users.by_name(tx, username))
        hashed = user.password_hash if user else self._dummy
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(
            self._hashing, bcrypt.checkpw, prepare(password), hashed.encode()
        )
        if not right or user is None or user.disabled:
            raise DomainError(Code.UNAUTHENTICATED, _WRONG)
        return SignedIn(self._token(user, self._clock()), user.username, user.role)

    def _token(self, user: users.UserRow, now: datetime) -> str:
        claims = {
            "sub": user.id,
            "ver": user.token_version,
            "aud": _AUDIENCE,
            "jti": ids.new_id(),
            "iat": now,
            "exp": now + timedelta(seconds=TOKEN_SECONDS),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    async def who(self, token: str) -> Actor:
        """The user or agent a token belongs to, with today's rights. Raises UNAUTHENTICATED."""
        if token.count(".") == 2:
            return await self._user(token)
        row = await self._links.by_token(token)
        if row is None:
            raise DomainError(Code.UNAUTHENTICATED, "This token is not valid; sign in again.")
        return actor_of(row)

    async def _user(self, token: str) -> UserActor:
        refused = DomainError(Code.UNAUTHENTICATED, "You are not signed in (any more).")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["exp", "iat", "sub", "jti", "aud"]},
            )
        except jwt.PyJWTError:
            raise refused from None
        user = await self._database.read(lambda tx: users.by_id(tx, str(claims["sub"])))
        if user is None or user.disabled:
            raise refused
        if not hmac.compare_digest(str(claims.get("ver")), str(user.token_version)):
            raise refused
        return UserActor(user.id, user.username, user.role)

    async def _hash(self, password: str) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._hashing, hash_password, password)

    def close(self) -> None:
        """End the hashing threads."""
        self._hashing.shutdown(wait=False, cancel_futures=True)
