"""Migrations build exactly the tables that the code speaks of."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from autosclaw.manager.store import schema
from autosclaw.manager.store.database import Database
from autosclaw.manager.store.tables import metadata


def objects(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Columns, indexes and keys of every table, as SQLite tells them."""
    found: dict[str, list[tuple[object, ...]]] = {}
    with sqlite3.connect(path) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in tables.fetchall():
            if table == "alembic_version":
                continue
            rows = [
                ("columns", *row[1:]) for row in connection.execute(f"pragma table_xinfo({table})")
            ]
            for index in connection.execute(f"pragma index_list({table})").fetchall():
                columns = connection.execute(f"pragma index_info({index[1]})").fetchall()
                rows.append(("index", index[2], *[column[2] for column in columns]))
            keys = connection.execute(f"pragma foreign_key_list({table})")
            rows += [("key", *row[2:5]) for row in keys]
            found[table] = sorted(rows, key=repr)
    connection.close()
    return found


def test_schema_equals_migrations(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{migrated}")
    schema.migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    engine = create_engine(f"sqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    assert objects(migrated) == objects(made)
    assert objects(made).keys() >= {"agents", "messages", "users", "config", "usage", "inputs"}


def test_migrating_twice_changes_nothing_and_a_newer_database_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.migrate(database.engine)
    before = objects(tmp_path / "a.db")
    schema.migrate(database.engine)
    assert objects(tmp_path / "a.db") == before
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(schema.NewerSchemaError, match="9999"):
        schema.migrate(database.engine)
    database.engine.dispose()


def test_the_contracts_columns_are_there(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.migrate(database.engine)
    database.engine.dispose()
    found = objects(tmp_path / "a.db")

    def columns(table: str) -> set[object]:
        return {row[1] for row in found[table] if row[0] == "columns"}

    assert columns("agents") >= {
        "id", "name", "token", "purpose", "system_prompt", "cost_usd", "input_tokens",
        "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "status",
        "permissions", "project_id", "created_by", "created_at", "deleted_at",
    }  # fmt: skip
    assert columns("messages") >= {
        "agent_id", "role", "msg_type", "text", "metadata", "created_at"
    }  # fmt: skip
    assert columns("users") >= {"id", "username", "password_hash", "role"}
    assert columns("config") >= {"key", "value"}
