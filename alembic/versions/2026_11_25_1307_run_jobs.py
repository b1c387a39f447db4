"""Run jobs: their runs and logs, and procrastinate's queue in a schema of its own."""

from importlib.resources import files

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1307"
down_revision = "2026_11_25_1250"
branch_labels = None
depends_on = None

# Its own migrations, whose texts stay as they are: a newer procrastinate brings more, for a migration of ours to take.
QUEUE_UP_TO = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


def upgrade() -> None:
    _queue()
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("undo_of", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("cursor", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'stopping', 'stopped', 'done', 'failed')",
            name=op.f("ck_job_runs_state_known"),
        ),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (state IN ('done', 'failed', 'stopped'))",
            name=op.f("ck_job_runs_end_is_dated"),
        ),
        sa.CheckConstraint("undo_of IS NULL OR NOT dry_run", name=op.f("ck_job_runs_undo_is_real")),
        sa.ForeignKeyConstraint(["undo_of"], ["job_runs.id"], name=op.f("fk_job_runs_undo_of")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_job_runs_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("key", name=op.f("uq_job_runs_key")),
    )
    op.create_index(
        "uq_job_runs_open",
        "job_runs",
        ["name", "as_of", "parameters", "dry_run", "undo_of"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state IN ('queued', 'running', 'stopping')"),
    )
    op.create_index("ix_job_runs_name", "job_runs", ["name", "id"])
    op.create_table(
        "job_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), server_default="info", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint("level IN ('info', 'warn', 'error')", name=op.f("ck_job_log_level_known")),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.id"], name=op.f("fk_job_log_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_log")),
    )
    op.create_index("ix_job_log_run_id", "job_log", ["run_id", "id"])
    _forecasts()


def _queue() -> None:
    connection = op.get_bind()
    driver = connection.connection.driver_connection  # SQLAlchemy would take the per cents in the texts for parameters
    assert driver is not None
    path = connection.exec_driver_sql("SELECT current_setting('search_path')").scalar_one()
    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path = procrastinate")
    texts = files("procrastinate.sql.migrations").iterdir()
    for text in sorted(texts, key=lambda each: each.name):
        if text.name.endswith(".sql") and text.name <= QUEUE_UP_TO:
            driver.execute(text.read_text(encoding="utf-8"))
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (path,))


def _forecasts() -> None:
    """Forecasts that wait or have ended become runs of a job."""
    op.execute(
        """
        INSERT INTO job_runs (name, as_of, parameters, state, done, total, asked_at, finished_at, staff_id, actor)
        SELECT 'forecast', (asked_at AT TIME ZONE 'UTC')::date, jsonb_build_object('forecast', f.id),
          CASE state WHEN 'done' THEN 'done' WHEN 'failed' THEN 'failed' ELSE 'queued' END, done, total, asked_at,
          CASE WHEN state IN ('done', 'failed') THEN coalesce(finished_at, asked_at) END, f.staff_id,
          coalesce(s.name, 'system')
        FROM forecast_runs f LEFT JOIN staff s ON s.id = f.staff_id ORDER BY f.id
        """
    )
    op.drop_index("ix_forecast_runs_open", table_name="forecast_runs")
    op.drop_constraint("ck_forecast_runs_state_known", "forecast_runs")
    op.drop_constraint("ck_forecast_runs_done_has_outcome", "forecast_runs")
    for name in ("state", "done", "total", "beat_at", "finished_at"):
        op.drop_column("forecast_runs", name)


def downgrade() -> None:
    op.add_column("forecast_runs", sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("forecast_runs", sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("forecast_runs", sa.Column("total", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("forecast_runs", sa.Column("done", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("forecast_runs", sa.Column("state", sa.Text(), server_default="waiting", nullable=False))
    op.execute("UPDATE forecast_runs SET state = 'done' WHERE outcome IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_forecast_runs_state_known"), "forecast_runs", "state IN ('waiting', 'running', 'done', 'failed')"
    )
    op.create_check_constraint(
        op.f("ck_forecast_runs_done_has_outcome"), "forecast_runs", "(state = 'done') = (outcome IS NOT NULL)"
    )
    op.create_index(
        "ix_forecast_runs_open", "forecast_runs", ["id"], postgresql_where=sa.text("state IN ('waiting', 'running')")
    )
    op.drop_table("job_log")
    op.drop_table("job_runs")
    op.execute("DROP SCHEMA procrastinate CASCADE")
