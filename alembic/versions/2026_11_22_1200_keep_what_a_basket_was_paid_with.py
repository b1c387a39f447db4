"""Keep what a basket was paid with, and let a dropped one be taken up again."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_1200"
down_revision = "2026_11_22_1100"
branch_labels = None
depends_on = None

STATE = "ck_baskets_state_known"


def upgrade() -> None:
    op.add_column("baskets", sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("baskets", sa.Column("tendered_minor", sa.BigInteger(), nullable=True))
    op.execute("UPDATE baskets SET paid_at = opened_at WHERE state = 'paid'")
    op.drop_constraint(op.f(STATE), "baskets")
    op.create_check_constraint(op.f(STATE), "baskets", "state IN ('open', 'held', 'dropped', 'paid')")
    op.create_check_constraint(op.f("ck_baskets_paid_has_time"), "baskets", "(state = 'paid') = (paid_at IS NOT NULL)")
    op.create_index(
        "ix_baskets_paid", "baskets", ["terminal_id", "paid_at"], postgresql_where=sa.text("state = 'paid'")
    )


def downgrade() -> None:
    op.execute("UPDATE baskets SET state = 'held' WHERE state = 'dropped'")
    op.drop_index("ix_baskets_paid", "baskets")
    op.drop_constraint(op.f("ck_baskets_paid_has_time"), "baskets")
    op.drop_constraint(op.f(STATE), "baskets")
    op.create_check_constraint(op.f(STATE), "baskets", "state IN ('open', 'held', 'paid')")
    op.drop_column("baskets", "tendered_minor")
    op.drop_column("baskets", "paid_at")
