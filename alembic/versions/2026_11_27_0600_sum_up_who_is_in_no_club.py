"""Keep what known customers buy on days on which they are in no club, so that sales of any days add up by club.

Filled in this transaction from what is kept of each customer's days; receipts that wait go on waiting, and so do
members who have changed.
"""

from alembic import op

revision = "2026_11_27_0600"
down_revision = "2026_11_27_0426"
branch_labels = None
depends_on = None

_SUMS = ("receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_ALONE = """customer_days d WHERE d.customer_id <> 0 AND NOT EXISTS (
    SELECT FROM club_spans s WHERE s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after)"""


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.execute("SET LOCAL work_mem = '128MB'")
    op.execute(f"""
        INSERT INTO slice_days (slice, of_id, sold_on, {", ".join(_SUMS)}, known_minor)
        SELECT '0/all', 0, sold_on, {", ".join(f"sum({each})" for each in _SUMS)}, sum(spend_minor)
          FROM {_ALONE} GROUP BY sold_on ORDER BY sold_on
    """)  # noqa: S608 - constants
    op.execute(f"""
        INSERT INTO slice_buyers (slice, of_id, sold_on, before, buyers)
        SELECT '0/all', 0, sold_on, before, count(*)
          FROM (SELECT sold_on, coalesce(lag(sold_on) OVER of_customer, DATE '0001-01-01') AS before
                  FROM (SELECT DISTINCT d.customer_id, sold_on FROM {_ALONE} AND purchases > 0) AS each
                WINDOW of_customer AS (PARTITION BY customer_id ORDER BY sold_on)) AS each
         GROUP BY sold_on, before ORDER BY sold_on, before
    """)  # noqa: S608 - constants
    op.execute("ANALYZE slice_days, slice_buyers")


def downgrade() -> None:
    op.execute("DELETE FROM slice_days WHERE slice = '0/all'")
    op.execute("DELETE FROM slice_buyers WHERE slice = '0/all'")
