"""Alembic's entry: runs migrations on the connection that `schema.migrate` hands over."""

from alembic import context

from autosclaw.manager.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
