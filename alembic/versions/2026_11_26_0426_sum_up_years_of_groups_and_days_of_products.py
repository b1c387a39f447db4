"""Sum up customers' years of each product group and days of each product.

Filled in this transaction, from the days of groups and from the lines: stopped half-way, nothing is left of it and it
begins anew. Receipts that wait go on waiting.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0426"
down_revision = "2026_11_26_0425"
branch_labels = None
depends_on = None

_SMALL = ("receipts", "purchases", "returns")
_NAMES = (*_SMALL, "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_COLUMNS = ", ".join(_NAMES)
_YEARS = f"""
    INSERT INTO customer_group_years (year, customer_id, group_id, {_COLUMNS})
    SELECT date_trunc('year', sold_on::timestamp)::date AS year, customer_id, group_id,
           {", ".join(f"sum({name})" for name in _NAMES)}
      FROM customer_group_days GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - constants
_DAYS = f"""
    INSERT INTO customer_product_days (product_id, sold_on, customer_id, store_id, {_COLUMNS})
    SELECT product_id, sold_on, customer_id, store_id, count(*), {", ".join(f"sum({name})" for name in _NAMES[1:])}
      FROM (SELECT l.product_id, r.sold_on, coalesce(m.merged_into, r.customer_id) AS customer_id, r.store_id,
                   bool_or(l.quantity_milli >= 0)::int AS purchases, bool_or(l.quantity_milli < 0)::int AS returns,
                   sum(l.amount_minor) AS spend_minor, sum(l.quantity_milli) AS quantity_milli,
                   sum(l.list_minor) AS list_minor,
                   coalesce(-sum(l.amount_minor) FILTER (WHERE l.quantity_milli < 0), 0) AS returned_minor
              FROM receipts r JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
              LEFT JOIN customers m ON m.id = r.customer_id AND m.merged_into IS NOT NULL
             WHERE NOT EXISTS (
                   SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id))
             GROUP BY 1, 2, 3, 4, r.id) AS each
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""  # noqa: S608 - constants


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    _create(
        "customer_group_years",
        sa.Column("year", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
    )
    op.execute(_YEARS)
    op.execute(
        "ALTER TABLE customer_group_years ADD CONSTRAINT pk_customer_group_years"
        f" PRIMARY KEY (year, customer_id, group_id) INCLUDE ({_COLUMNS})"
    )
    _create(
        "customer_product_days",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
    )
    op.execute(_DAYS)
    key = ["product_id", "sold_on", "customer_id", "store_id"]
    op.create_primary_key("pk_customer_product_days", "customer_product_days", key)
    op.create_index("ix_customer_product_days_customer_id", "customer_product_days", ["customer_id"])


def downgrade() -> None:
    op.drop_table("customer_product_days")
    op.drop_table("customer_group_years")


def _create(table: str, *key: sa.Column[Any]) -> None:
    sums = (sa.Column(name, sa.Integer() if name in _SMALL else sa.BigInteger(), nullable=False) for name in _NAMES)
    op.create_table(table, *key, *sums)
