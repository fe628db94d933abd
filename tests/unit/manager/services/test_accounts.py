"""Passwords and tokens."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import bcrypt
import jwt
import pytest

from autosclaw.manager.domain.policy import UserActor
from autosclaw.manager.services.accounts import Accounts, hash_password, prepare
from autosclaw.manager.services.links import Links
from autosclaw.manager.store import schema
from autosclaw.manager.store.database import Database, Tx
from autosclaw.manager.store.tables import users as table
from autosclaw.protocol.errors import Code, DomainError
from autosclaw.protocol.people import Role

SECRET = "s" * 32


class NoAgents:
    """Links that know no agent's token."""

    async def by_token(self, _token: str) -> None:
        return None


class World:
    """Accounts over a real database, at a time that can be set."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime.now(UTC)
        self.accounts = Accounts(database, cast("Links", NoAgents()), lambda: self.now, SECRET)

    async def change(self, **values: Any) -> None:
        def job(tx: Tx) -> None:
            tx.execute(table.update().values(**values))

        await self.database.write(job)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.migrate(database.engine)
    database.start()
    made = World(database)
    yield made
    made.accounts.close()
    await database.close()


def test_bcrypt_with_ten_rounds_and_every_character_counts() -> None:
    long = "p" * 72
    hashed = hash_password(long + "a")
    assert hashed.startswith("$2b$10$")
    assert bcrypt.checkpw(prepare(long + "a"), hashed.encode())
    assert not bcrypt.checkpw(prepare(long + "b"), hashed.encode())
    assert not bcrypt.checkpw(prepare(long), hashed.encode())
    assert prepare("a\0b") != prepare("a\0c")
    assert b"\0" not in prepare("a\0b")


async def test_the_first_admin_is_made_once(world: World) -> None:
    made = await world.accounts.seed_admin(None, None)
    assert made is not None
    assert len(made) >= 12
    assert await world.accounts.seed_admin("other", "password") is None
    assert (await world.accounts.login("ADMIN", made)).role is Role.ADMIN
    with pytest.raises(DomainError):
        await world.accounts.login("other", "password")


async def test_a_given_password_is_not_told(world: World) -> None:
    assert await world.accounts.seed_admin("chief", "secret phrase") is None
    signed = await world.accounts.login("chief", "secret phrase")
    assert (signed.username, signed.role) == ("chief", Role.ADMIN)


async def test_a_token_is_worth_what_the_person_may_do_now(world: World) -> None:
    await world.accounts.seed_admin("chief", "secret phrase")
    token = (await world.accounts.login("chief", "secret phrase")).token

    async def who() -> UserActor:
        actor = await world.accounts.who(token)
        assert isinstance(actor, UserActor)
        return actor

    assert (await who()).role is Role.ADMIN
    await world.change(role=Role.VIEWER)
    assert (await who()).role is Role.VIEWER
    for change in ({"token_version": 1}, {"token_version": 0, "disabled_at": "2026"}):
        await world.change(**change)
        with pytest.raises(DomainError) as refused:
            await who()
        assert refused.value.code is Code.UNAUTHENTICATED
    with pytest.raises(DomainError):
        await world.accounts.login("chief", "secret phrase")
    await world.change(disabled_at=None)
    assert (await who()).username == "chief"


async def test_tokens_that_are_not_ours(world: World) -> None:
    await world.accounts.seed_admin("chief", "secret phrase")
    good = (await world.accounts.login("chief", "secret phrase")).token
    claims = jwt.decode(good, SECRET, algorithms=["HS256"], audience="autosclaw")
    assert claims["exp"] - claims["iat"] == 24 * 3600
    expired = claims | {"exp": int((world.now - timedelta(seconds=5)).timestamp())}
    bad = [
        jwt.encode(claims, "x" * 32, algorithm="HS256"),
        jwt.encode(claims, SECRET + "-", algorithm="HS256"),
        jwt.encode(claims, SECRET * 2, algorithm="HS512"),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims | {"aud": "other"}, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"sub": "nobody"}, SECRET, algorithm="HS256"),
        jwt.encode(expired, SECRET, algorithm="HS256"),
        good[:-4] + "AAAA",
        "..",
        "",
        "f" * 64,
    ]
    for name in ("exp", "iat", "sub", "jti", "aud"):
        less = {key: value for key, value in claims.items() if key != name}
        bad.append(jwt.encode(less, SECRET, algorithm="HS256"))
    for token in bad:
        with pytest.raises(DomainError) as refused:
            await world.accounts.who(token)
        assert refused.value.code is Code.UNAUTHENTICATED
