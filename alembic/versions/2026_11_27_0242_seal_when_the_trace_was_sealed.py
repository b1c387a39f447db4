"""Let each link of the change log's chain prove when it was made; links from before say nothing of that."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0242"
down_revision = "2026_11_27_0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_seals", sa.Column("dated", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("audit_seals", "dated")
