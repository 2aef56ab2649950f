"""Alembic's entry point: run the migrations on the connection that the caller holds.

Comes in: the connection in Alembic's configuration. Goes out: nothing. Always holds: the
caller's transaction is the only one, so that a failed migration leaves nothing behind.
"""

from alembic import context

from tocsin.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
