"""Find wrong numbers of cards and coupons by their time, wherever they were entered."""

from alembic import op

revision = "2026_11_25_1645"
down_revision = "2026_11_25_1541"
branch_labels = None
depends_on = None

TABLES = ("stored_value_wrong_entries", "coupon_wrong_codes")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_at"), table, ["at"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_at"), table)
