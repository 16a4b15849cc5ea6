"""Runs migrations on the connection, and in the transaction, that ``upgrade`` hands over."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], target_metadata=attributes["metadata"])
context.run_migrations()
