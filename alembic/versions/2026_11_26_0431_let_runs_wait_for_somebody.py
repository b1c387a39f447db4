"""Let runs over a limit wait for somebody's approval, instead of programmes and periods having one of their own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_0431"
down_revision = "2026_11_26_0200"
branch_labels = None
depends_on = None

BEFORE = ("'queued', 'running', 'stopping'", "'stopped', 'done', 'failed'", "'done', 'failed', 'stopped'")
AFTER = (
    "'queued', 'running', 'stopping', 'awaits'",
    "'stopped', 'done', 'failed', 'refused', 'lapsed'",
    "'done', 'failed', 'stopped', 'refused', 'lapsed'",
)


def upgrade() -> None:
    _states(*AFTER)
    op.create_table(
        "job_run_approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("run_id", "accounts", "amount")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("most_accounts", "most_amount")),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("behind", postgresql.ARRAY(sa.Integer()), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("asked_at", "ends_at")),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.CheckConstraint("accounts >= 0 AND amount >= 0", name="weight_not_negative"),
        sa.CheckConstraint("decided_by <> ALL (behind)", name="never_ones_own"),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_whole"),
        sa.CheckConstraint("approved IS NULL OR NOT approved OR decided_by IS NOT NULL", name="approved_by_somebody"),
        sa.CheckConstraint("ends_at > asked_at", name="ends_later"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["job_runs.id"], name=op.f("fk_job_run_approvals_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_job_run_approvals_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run_approvals")),
    )
    op.create_index("ix_job_run_approvals_run_id", "job_run_approvals", ["run_id"])
    op.create_index(
        "uq_job_run_approvals_waiting", "job_run_approvals", ["run_id"], unique=True,
        postgresql_where=sa.text("approved IS NULL"),
    )  # fmt: skip
    for name in ("approval_whole", "approved_by_another"):
        op.drop_constraint(op.f(f"ck_points_programmes_{name}"), "points_programmes", type_="check")
    op.drop_column("points_programmes", "approved_by")
    op.drop_column("points_programmes", "approved_at")
    op.drop_table("reward_approvals")


def downgrade() -> None:
    op.create_table(
        "reward_approvals",
        sa.Column("club_id", sa.Integer(), sa.ForeignKey("clubs.id"), primary_key=True),
        sa.Column("rule", sa.Text(), primary_key=True),
        sa.Column("last_on", sa.Date(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), sa.ForeignKey("staff.id"), nullable=False),
    )
    op.add_column("points_programmes", sa.Column("approved_at", sa.DateTime(timezone=True)))
    op.add_column("points_programmes", sa.Column("approved_by", sa.Integer(), sa.ForeignKey("staff.id")))
    op.create_check_constraint("approval_whole", "points_programmes", "(approved_by IS NULL) = (approved_at IS NULL)")
    op.create_check_constraint("approved_by_another", "points_programmes", "approved_by <> made_by")
    op.drop_table("job_run_approvals")
    op.execute("UPDATE job_runs SET state = 'stopped', finished_at = now() WHERE state = 'awaits'")
    op.execute("UPDATE job_runs SET state = 'stopped' WHERE state IN ('refused', 'lapsed')")
    _states(*BEFORE)


def _states(standing: str, others: str, ended: str) -> None:
    for name in ("state_known", "end_is_dated"):
        op.drop_constraint(op.f(f"ck_job_runs_{name}"), "job_runs", type_="check")
    op.create_check_constraint("state_known", "job_runs", f"state IN ({standing}, {others})")
    op.create_check_constraint("end_is_dated", "job_runs", f"(finished_at IS NOT NULL) = (state IN ({ended}))")
    op.drop_index("uq_job_runs_open", table_name="job_runs")
    op.create_index(
        "uq_job_runs_open",
        "job_runs",
        ["name", "as_of", "parameters", "dry_run", "undo_of"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text(f"state IN ({standing})"),
    )
