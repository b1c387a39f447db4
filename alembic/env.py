"""Alembic's environment: runs the migrations on the connection that `erp_club.kernel.schema` hands over."""

from alembic import context

from erp_club.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
