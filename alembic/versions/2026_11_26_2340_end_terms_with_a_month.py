"""Let a club's terms end with their last month, and give plans around the day of joining."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2340"
down_revision = "2026_11_26_2335"
branch_labels = None
depends_on = None

_KNOWN = "occasion IN ('birthday', 'anniversary', 'relative_birthday', 'membership')"


def upgrade() -> None:
    op.add_column("clubs", sa.Column("to_month_end", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_constraint(op.f("ck_birthday_plans_occasion_known"), "birthday_plans", type_="check")
    op.create_check_constraint(op.f("ck_birthday_plans_occasion_known"), "birthday_plans", _KNOWN)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_birthday_plans_occasion_known"), "birthday_plans", type_="check")
    before = "occasion IN ('birthday', 'anniversary', 'relative_birthday')"
    op.create_check_constraint(op.f("ck_birthday_plans_occasion_known"), "birthday_plans", before)
    op.drop_column("clubs", "to_month_end")
