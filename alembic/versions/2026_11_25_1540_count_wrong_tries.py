"""Count wrong tries to sign in, and keep what was locked by them."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1540"
down_revision = "2026_11_25_1445"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wrong_tries",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("wrong", sa.SmallInteger(), nullable=False),
        sa.Column("locks", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_wrong_tries")),
    )
    op.create_index(op.f("ix_wrong_tries_at"), "wrong_tries", ["at"])
    op.create_table(
        "lockouts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('password', 'pin', 'place', 'cards', 'coupons')", name=op.f("ck_lockouts_kind_known")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_lockouts_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_lockouts_terminal_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["staff.id"], name=op.f("fk_lockouts_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lockouts")),
    )
    op.create_index(op.f("ix_lockouts_staff_id"), "lockouts", ["staff_id"])
    op.create_index(op.f("ix_lockouts_at"), "lockouts", ["at"])


def downgrade() -> None:
    op.drop_table("lockouts")
    op.drop_table("wrong_tries")
