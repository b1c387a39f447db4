"""Let points that are given around a day end with the days around it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1545"
down_revision = "2026_11_27_1550"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "birthday_plans", sa.Column("points_in_days", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("birthday_plans", "points_in_days")
