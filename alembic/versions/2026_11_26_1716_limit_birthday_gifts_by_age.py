"""Limit gifts for birthdays and anniversaries by the age that is reached."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1716"
down_revision = "2026_11_26_1450"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("birthday_plans", sa.Column("from_age", sa.Integer()))
    op.add_column("birthday_plans", sa.Column("to_age", sa.Integer()))


def downgrade() -> None:
    op.drop_column("birthday_plans", "to_age")
    op.drop_column("birthday_plans", "from_age")
