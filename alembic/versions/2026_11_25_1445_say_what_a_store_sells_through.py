"""Say through which channel a store sells: over its counter, or in the web."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1445"
down_revision = "2026_11_25_1350"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stores", sa.Column("channel", sa.Text(), server_default="store", nullable=False))
    op.create_check_constraint(op.f("ck_stores_channel_known"), "stores", "channel IN ('store', 'web')")


def downgrade() -> None:
    op.drop_column("stores", "channel")
