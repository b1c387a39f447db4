"""Keep replays of programmes that people ask for, and what came out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_0450"
down_revision = "2026_11_26_0512"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "what_if_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_what_if_runs_club_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_what_if_runs_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_if_runs")),
    )
    op.create_index("ix_what_if_runs_club_id", "what_if_runs", ["club_id"])


def downgrade() -> None:
    op.drop_table("what_if_runs")
