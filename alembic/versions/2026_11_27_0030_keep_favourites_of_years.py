"""Keep whose favourite each product group is in each calendar year.

Filled in this transaction from what is kept of customers' years; receipts that wait go on waiting, and groups whose
products have changed are made anew by the job.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0030"
down_revision = "2026_11_27_0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.create_table(
        "favourite_years",
        sa.Column("year", sa.Date(), primary_key=True),
        sa.Column("group_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("sales_minor", sa.BigInteger(), nullable=False),
    )
    op.execute("SET LOCAL work_mem = '128MB'")
    op.execute("""
        INSERT INTO favourite_years (year, group_id, customers, sales_minor)
        SELECT year, (-best[3])::int, count(*), sum(best[2])
          FROM (SELECT year, customer_id, max(ARRAY[purchases, spend_minor, -group_id]::bigint[]) AS best
                  FROM customer_group_years WHERE purchases > 0 AND customer_id <> 0 AND group_id <> 0
                 GROUP BY year, customer_id) AS each
         GROUP BY year, best[3] ORDER BY 1, 2
    """)


def downgrade() -> None:
    op.drop_table("favourite_years")
