"""Alembic's environment: migrations run on a connection that `dragoman.db.schema` hands over."""

from alembic import context

from dragoman.db.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
