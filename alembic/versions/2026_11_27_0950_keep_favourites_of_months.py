"""Keep what customers like best of each month beside each year, and of departments, brands and stores beside groups.

Filled in this transaction from what is kept of customers' days; receipts that wait go on waiting, and what products
have changed of is made anew by the job.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0950"
down_revision = "2026_11_27_0716"
branch_labels = None
depends_on = None

_DAYS = {
    "store": ("customer_days", "store_id"),
    "department": ("customer_department_days", "department_id"),
    "group": ("customer_group_days", "group_id"),
    "brand": ("customer_brand_days", "brand_id"),
}


def upgrade() -> None:
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.drop_table("favourite_years")
    op.create_table(
        "favourite_periods",
        sa.Column("step", sa.Text(), primary_key=True),
        sa.Column("first", sa.Date(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("of_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("sales_minor", sa.BigInteger(), nullable=False),
    )
    op.execute("SET LOCAL work_mem = '128MB'")
    op.execute("SET LOCAL enable_hashagg = off")
    for kind, (table, column) in _DAYS.items():
        for step in ("month", "year"):
            op.execute(f"""
                INSERT INTO favourite_periods (step, first, kind, of_id, customers, sales_minor)
                SELECT '{step}', first, '{kind}', (-best[3])::int, count(*), sum(best[2])
                  FROM (SELECT first, customer_id, max(ARRAY[purchases, spend_minor, -of_id]::bigint[]) AS best
                          FROM (SELECT date_trunc('{step}', sold_on::timestamp)::date AS first, customer_id,
                                       {column} AS of_id, sum(purchases) AS purchases, sum(spend_minor) AS spend_minor
                                  FROM {table} WHERE customer_id <> 0 AND {column} <> 0
                                 GROUP BY 1, customer_id, {column}) AS sums
                         WHERE purchases > 0 GROUP BY first, customer_id) AS each
                 GROUP BY first, best[3] ORDER BY 2, 4
            """)  # noqa: S608 - names of our own
    op.execute("SET LOCAL enable_hashagg TO DEFAULT")


def downgrade() -> None:
    op.drop_table("favourite_periods")
    op.create_table(
        "favourite_years",
        sa.Column("year", sa.Date(), primary_key=True),
        sa.Column("group_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("sales_minor", sa.BigInteger(), nullable=False),
    )
    op.execute("""
        INSERT INTO favourite_years (year, group_id, customers, sales_minor)
        SELECT year, (-best[3])::int, count(*), sum(best[2])
          FROM (SELECT year, customer_id, max(ARRAY[purchases, spend_minor, -group_id]::bigint[]) AS best
                  FROM customer_group_years WHERE purchases > 0 AND customer_id <> 0 AND group_id <> 0
                 GROUP BY year, customer_id) AS each
         GROUP BY year, best[3] ORDER BY 1, 2
    """)
