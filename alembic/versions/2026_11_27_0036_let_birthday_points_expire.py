"""Let points that are given around a day be valid for days of their own."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0036"
down_revision = "2026_11_27_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("birthday_plans", sa.Column("points_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("birthday_plans", "points_days")
