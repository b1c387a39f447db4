"""Seal what lots were opened as with their movements, and what coupons were issued as in a chain of their own.

Whoever changes a lot's days with those that are kept beside it is found by the seal. Seals of before stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1047"
down_revision = "2026_11_26_1045"
branch_labels = None
depends_on = None

_SEALS = ("points_seals", "stored_value_seals")


def upgrade() -> None:
    for table in _SEALS:
        op.add_column(table, sa.Column("with_terms", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "coupon_seals",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_coupon_seals_hash_length")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_coupon_seals")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_seals_code")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON coupon_seals "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("coupon_seals")
    for table in reversed(_SEALS):
        op.drop_column(table, "with_terms")
