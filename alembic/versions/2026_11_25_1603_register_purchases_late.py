"""Keep for whom a purchase without the card was registered afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1603"
down_revision = "2026_11_25_1611"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "late_registrations",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("customer_id = 0", name=op.f("ck_late_registrations_of_nobody")),
        sa.CheckConstraint("member_id <> 0", name=op.f("ck_late_registrations_for_somebody")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_late_registrations_customer_id"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["customers.id"], name=op.f("fk_late_registrations_member_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_late_registrations_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_late_registrations_terminal_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_late_registrations_staff_id")),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", name=op.f("pk_late_registrations")),
    )
    op.create_index(
        op.f("ix_late_registrations_member_id"), "late_registrations", ["member_id", "on_date"], unique=False
    )


def downgrade() -> None:
    op.drop_table("late_registrations")
