"""Bringing a database to the newest schema.

Must not be run by two managers at once (the caller holds the installation's lock).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from autosclaw.manager.store.database import StoreUnavailable

_FOLDER = Path(__file__).parent / "migrations"


class NewerSchemaError(Exception):
    """The database was written by a newer version of autosclaw; the sentence says so."""


def config(connection: Connection) -> Config:
    """Alembic's configuration without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def migrate(engine: Engine) -> None:
    """Apply what is missing.

    Raises NewerSchemaError when the database is ahead of this code, StoreUnavailable when it
    cannot be opened or written.
    """
    try:
        _upgrade(engine)
    except DBAPIError as error:
        raise StoreUnavailable(f"the database cannot be opened: {error.orig}") from error


def _upgrade(engine: Engine) -> None:
    with engine.connect() as connection:
        settings = config(connection)
        known = {
            script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()
        }
        current = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if current is not None and current not in known:
            raise NewerSchemaError(
                f"the database has schema {current}, which this version does not know:"
                " use the autosclaw version that wrote it, or a newer one"
            )
        command.upgrade(settings, "head")
        connection.commit()
