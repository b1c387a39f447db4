"""Keep whom a customer is close to."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0910"
down_revision = "2026_11_25_0915"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_relatives",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("relative_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('spouse', 'child', 'parent', 'other')", name=op.f("ck_customer_relatives_kind_known")
        ),
        sa.CheckConstraint("relative_id <> customer_id", name=op.f("ck_customer_relatives_somebody_else")),
        sa.CheckConstraint(
            "(relative_id IS NULL) = (name IS NOT NULL)", name=op.f("ck_customer_relatives_customer_or_name")
        ),
        sa.CheckConstraint(
            "relative_id IS NULL OR birthday IS NULL", name=op.f("ck_customer_relatives_birthday_is_their_own")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_relatives_customer_id")),
        sa.ForeignKeyConstraint(["relative_id"], ["customers.id"], name=op.f("fk_customer_relatives_relative_id")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_customer_relatives")),
        sa.UniqueConstraint("customer_id", "relative_id", name=op.f("uq_customer_relatives_customer_id_relative_id")),
    )
    op.create_index(
        "ix_customer_relatives_relative_id",
        "customer_relatives",
        ["relative_id"],
        postgresql_where=sa.text("relative_id IS NOT NULL"),
    )
