"""Change the points of many: programmes, and movements found by their run."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1336"
down_revision = "2026_11_25_1340"
branch_labels = None
depends_on = None

CHECKS = {
    "effect_known": "effect IN ('zero', 'set', 'add', 'percent')",
    "amount_moves_something": "(effect = 'zero') = (amount = 0)",
    "set_above_zero": "effect <> 'set' OR amount > 0",
    "percent_in_range": "effect <> 'percent' OR amount >= -10000",
    "rounding_known": "rounding IN ('down', 'nearest', 'up')",
    "state_known": "state IN ('open', 'withdrawn')",
    "days_in_order": "joined_from <= joined_to",
    "approval_whole": "(approved_by IS NULL) = (approved_at IS NULL)",
    "approved_by_another": "approved_by <> made_by",
}


def upgrade() -> None:
    op.create_table(
        "points_programmes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("joined_from", "joined_to", "inactive_since")),
        sa.Column("numbers", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("rounding", sa.Text(), server_default="down", nullable=False),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("last_day", "run_on")),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_points_programmes_{name}")) for name, rule in CHECKS.items()),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_points_programmes_club_id")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_points_programmes_made_by")),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.id"], name=op.f("fk_points_programmes_approved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_programmes")),
    )
    op.create_index(
        "ix_points_movements_run_id",
        "points_movements",
        ["run_id", "customer_id", "account_id"],
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_points_movements_run_id", table_name="points_movements")
    op.drop_table("points_programmes")
