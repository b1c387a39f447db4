"""Alembic's environment: runs the migrations on the connection that `erp_club.kernel.schema` hands over."""

from alembic import context
from alembic.script import ScriptDirectory

from erp_club.permissions.delivered.commands import take_in_actions
from erp_club.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
if context.get_context().get_current_revision() == ScriptDirectory.from_config(context.config).get_current_head():
    # On every start at head: a version that brings an action and no table grants it all the same.
    take_in_actions(connection)
    connection.commit()
