"""Tell who may be one person, and keep who was said not to be."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "2026_11_25_1310"
down_revision = "2026_11_25_1307"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_confirmations",
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("at_opening", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_duplicate_confirmations_low_before_high")),
        sa.ForeignKeyConstraint(["low_id"], ["customers.id"], name=op.f("fk_duplicate_confirmations_low_id")),
        sa.ForeignKeyConstraint(["high_id"], ["customers.id"], name=op.f("fk_duplicate_confirmations_high_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duplicate_confirmations_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_duplicate_confirmations_terminal_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_duplicate_confirmations_store_id")),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_duplicate_confirmations")),
    )
    op.create_index("ix_duplicate_confirmations_high_id", "duplicate_confirmations", ["high_id"])
    op.create_table(
        "suspected_pairs",
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("score_milli", sa.SmallInteger(), nullable=False),
        sa.Column("same", ARRAY(sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_suspected_pairs_low_before_high")),
        sa.CheckConstraint("score_milli BETWEEN 0 AND 1000", name=op.f("ck_suspected_pairs_score_in_range")),
        sa.ForeignKeyConstraint(["low_id"], ["customers.id"], name=op.f("fk_suspected_pairs_low_id")),
        sa.ForeignKeyConstraint(["high_id"], ["customers.id"], name=op.f("fk_suspected_pairs_high_id")),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_suspected_pairs")),
    )
    op.create_index(
        "ix_suspected_pairs_order",
        "suspected_pairs",
        [sa.text("cardinality(same) DESC"), sa.text("score_milli DESC"), "low_id"],
    )
    op.create_index("ix_suspected_pairs_high_id", "suspected_pairs", ["high_id"])
    op.create_index(
        "ix_customers_birthday", "customers", ["birthday"], postgresql_where=sa.text("birthday IS NOT NULL")
    )
    op.create_index(
        "ix_customers_street", "customers", [sa.text("lower(street)")], postgresql_where=sa.text("street IS NOT NULL")
    )
