"""Keep how many customers bought in a month, by the month in which they began.

Filled in this transaction from what is kept of each customer's days; receipts that wait go on waiting.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0018"
down_revision = "2026_11_26_2358"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.create_table(
        "cohort_months",
        sa.Column("began", sa.Date(), primary_key=True),
        sa.Column("month", sa.Date(), primary_key=True),
        sa.Column("buyers", sa.Integer(), nullable=False),
    )
    op.execute("SET LOCAL work_mem = '128MB'")
    op.execute("""
        INSERT INTO cohort_months (began, month, buyers)
        SELECT began, month, count(*)
          FROM (SELECT DISTINCT customer_id, date_trunc('month', sold_on::timestamp)::date AS month,
                       date_trunc('month', (min(sold_on) OVER (PARTITION BY customer_id))::timestamp)::date AS began
                  FROM customer_days WHERE purchases > 0 AND customer_id <> 0) AS each
         GROUP BY began, month ORDER BY began, month
    """)


def downgrade() -> None:
    op.drop_table("cohort_months")
