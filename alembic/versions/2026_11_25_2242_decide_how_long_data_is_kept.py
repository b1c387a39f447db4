"""Let head office decide how long each kind of data about people is kept, with its reason."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2242"
down_revision = "2026_11_25_2225"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("months", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), sa.ForeignKey("staff.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("months BETWEEN 1 AND 240", name="months_in_reach"),
    )


def downgrade() -> None:
    op.drop_table("retention_rules")
