"""Keep what cashiers, departments, groups and brands sell on a day, and who bought there, by the day before.

Filled in this transaction from what is kept of each customer's days; receipts that wait go on waiting. So that a
customer's days of a group are found by day, the index of them has the day too.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2022"
down_revision = "2026_11_26_1712"
branch_labels = None
depends_on = None

_SLICES = (
    ("all", "customer_days", "0"),
    ("store", "customer_days", "store_id"),
    ("cashier", "customer_days", "staff_id"),
    ("department", "customer_department_days", "department_id"),
    ("group", "customer_group_days", "group_id"),
    ("brand", "customer_brand_days", "brand_id"),
)
_COUNTS, _AMOUNTS = (
    ("receipts", "purchases", "returns"), ("spend_minor", "quantity_milli", "list_minor", "returned_minor")
)  # fmt: skip
_INDEXED = ("group", "department", "brand")


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.drop_index("ix_customer_group_days_customer_id", "customer_group_days")
    for kind in _INDEXED:
        name, table = f"ix_customer_{kind}_days_customer_id", f"customer_{kind}_days"
        op.create_index(name, table, ["customer_id", f"{kind}_id", "sold_on"])
    op.create_table(
        "slice_days",
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("of_id", sa.Integer(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("known_minor", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _AMOUNTS),
    )
    op.create_table(
        "slice_buyers",
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("of_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("sold_on", "before")),
        sa.Column("buyers", sa.Integer(), nullable=False),
    )
    op.execute("SET LOCAL work_mem = '128MB'")
    for name, table, column in _SLICES:
        _fill(name, table, column)
    op.create_primary_key("pk_slice_days", "slice_days", ["slice", "of_id", "sold_on"])
    op.create_primary_key("pk_slice_buyers", "slice_buyers", ["slice", "of_id", "sold_on", "before"])
    op.execute("ANALYZE slice_days, slice_buyers")


def _fill(name: str, table: str, column: str) -> None:
    sums = (*_COUNTS, *_AMOUNTS)
    if name not in ("all", "store"):
        op.execute(f"""
            INSERT INTO slice_days (slice, of_id, sold_on, {", ".join(sums)}, known_minor)
            SELECT '{name}', {column}, sold_on, {", ".join(f"sum({each})" for each in sums)},
                   coalesce(sum(spend_minor) FILTER (WHERE customer_id <> 0), 0)
              FROM {table} GROUP BY {column}, sold_on ORDER BY {column}, sold_on
        """)  # noqa: S608 - constants
    op.execute(f"""
        INSERT INTO slice_buyers (slice, of_id, sold_on, before, buyers)
        SELECT '{name}', of_id, sold_on, before, count(*)
          FROM (SELECT of_id, sold_on, coalesce(lag(sold_on) OVER of_customer, DATE '0001-01-01') AS before
                  FROM (SELECT DISTINCT {column} AS of_id, customer_id, sold_on
                          FROM {table} WHERE purchases > 0 AND customer_id <> 0) AS each
                WINDOW of_customer AS (PARTITION BY of_id, customer_id ORDER BY sold_on)) AS each
         GROUP BY of_id, sold_on, before ORDER BY of_id, sold_on, before
    """)  # noqa: S608 - constants


def downgrade() -> None:
    op.drop_table("slice_buyers")
    op.drop_table("slice_days")
    for kind in _INDEXED:
        op.drop_index(f"ix_customer_{kind}_days_customer_id", f"customer_{kind}_days")
    op.create_index("ix_customer_group_days_customer_id", "customer_group_days", ["customer_id", "group_id"])
