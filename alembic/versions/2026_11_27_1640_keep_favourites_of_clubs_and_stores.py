"""Keep what the members of each club, and the customers of each store, like best of each month and year too.

Filled in this transaction from what is kept of customers' days; receipts that wait go on waiting, and what products
have changed of is made anew by the job.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1640"
down_revision = "2026_11_27_1545"
branch_labels = None
depends_on = None

_DAYS = {
    "store": ("customer_days", "store_id"),
    "department": ("customer_department_days", "department_id"),
    "group": ("customer_group_days", "group_id"),
    "brand": ("customer_brand_days", "brand_id"),
}
_KEY = "pk_favourite_periods"


def upgrade() -> None:
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    for column in ("club_id", "store_id"):
        op.add_column("favourite_periods", sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column("favourite_periods", column, server_default=None)
    op.drop_constraint(_KEY, "favourite_periods")
    op.create_primary_key(_KEY, "favourite_periods", ["step", "first", "club_id", "store_id", "kind", "of_id"])
    op.execute("SET LOCAL work_mem = '128MB'")
    op.execute("SET LOCAL enable_hashagg = off")
    for kind, (table, column) in _DAYS.items():
        held = f"""{table} AS d JOIN club_spans AS s
            ON s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after"""
        for step in ("month", "year"):
            for club, store, rows in (("s.club_id", "0", held), ("0", "d.store_id", f"{table} AS d")):
                op.execute(f"""
                    INSERT INTO favourite_periods (step, first, club_id, store_id, kind, of_id, customers, sales_minor)
                    SELECT '{step}', begins, club, store, '{kind}', (-best[3])::int, count(*), sum(best[2])
                      FROM (SELECT begins, club, store, customer_id,
                                   max(ARRAY[purchases, spend_minor, -of_id]::bigint[]) AS best
                              FROM (SELECT date_trunc('{step}', sold_on::timestamp)::date AS begins, {club} AS club,
                                           {store} AS store, d.customer_id, {column} AS of_id,
                                           sum(purchases) AS purchases, sum(spend_minor) AS spend_minor
                                      FROM {rows} WHERE d.customer_id <> 0 AND {column} <> 0
                                     GROUP BY 1, 2, 3, d.customer_id, {column}) AS sums
                             WHERE purchases > 0 GROUP BY begins, club, store, customer_id) AS each
                     GROUP BY begins, club, store, best[3] ORDER BY 2, 3, 4, 6
                """)  # noqa: S608 - names of our own
    op.execute("SET LOCAL enable_hashagg TO DEFAULT")


def downgrade() -> None:
    op.execute("DELETE FROM favourite_periods WHERE club_id <> 0 OR store_id <> 0")
    op.drop_constraint(_KEY, "favourite_periods")
    for column in ("club_id", "store_id"):
        op.drop_column("favourite_periods", column)
    op.create_primary_key(_KEY, "favourite_periods", ["step", "first", "kind", "of_id"])
