"""Sum up stores by day and products by month, and customers' days of each cashier apart.

The sums of these three are made anew from the lines; receipts that wait go on waiting.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2152"
down_revision = "2026_11_25_2205"
branch_labels = None
depends_on = None

_SMALL = ("receipts", "purchases", "returns")
_NAMES = (*_SMALL, "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_INDEX = "ix_customer_days_sold_on"
_OF_RECEIPT = """
    bool_or(bought)::int AS purchases, bool_or(NOT bought)::int AS returns, sum(amount_minor)::bigint AS spend_minor,
    sum(quantity_milli)::bigint AS quantity_milli, sum(list_minor)::bigint AS list_minor,
    coalesce(-sum(amount_minor) FILTER (WHERE NOT bought), 0)::bigint AS returned_minor
"""
_TOTALS = "count(*), " + ", ".join(f"sum({name})" for name in _NAMES[1:])
_KNOWN = "coalesce(sum(spend_minor) FILTER (WHERE customer_id <> 0), 0)"
_LINES = """
    WITH lines AS (
        SELECT coalesce(m.merged_into, r.customer_id) AS customer_id, r.id AS receipt_id, r.sold_on, r.store_id,
               coalesce(r.staff_id, 0) AS staff_id, l.product_id, l.amount_minor, l.list_minor, l.quantity_milli,
               l.quantity_milli >= 0 AS bought
          FROM receipts r JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
          LEFT JOIN customers m ON m.id = r.customer_id AND m.merged_into IS NOT NULL
         WHERE NOT EXISTS (
               SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id))
    )
"""


def upgrade() -> None:
    op.drop_index(_INDEX, "customer_days")
    op.drop_constraint("pk_customer_days", "customer_days")
    op.execute("TRUNCATE customer_days")
    op.add_column("customer_days", sa.Column("staff_id", sa.Integer(), nullable=False))
    op.create_primary_key("pk_customer_days", "customer_days", ["customer_id", "sold_on", "store_id", "staff_id"])
    _fill_customers("customer_id, sold_on, store_id, staff_id")
    _index("store_id", "staff_id")
    store = sa.Column("store_id", sa.Integer(), autoincrement=False, nullable=False)
    _create("store_days", sa.Column("sold_on", sa.Date(), nullable=False), store)
    op.create_primary_key("pk_store_days", "store_days", ["sold_on", "store_id"])
    each = f"SELECT sold_on, store_id, customer_id, {_OF_RECEIPT} FROM lines GROUP BY 1, 2, 3, receipt_id"  # noqa: S608 - constants
    _fill("store_days", "sold_on, store_id", each)
    product = sa.Column("product_id", sa.BigInteger(), nullable=False)
    _create("product_months", sa.Column("month", sa.Date(), nullable=False), product)
    names = ", ".join((*_NAMES, "known_minor"))
    op.execute(
        f"ALTER TABLE product_months ADD CONSTRAINT pk_product_months PRIMARY KEY (month, product_id) INCLUDE ({names})"
    )
    month = "date_trunc('month', sold_on::timestamp)::date AS month"
    each = f"SELECT {month}, product_id, customer_id, {_OF_RECEIPT} FROM lines GROUP BY 1, 2, 3, receipt_id"  # noqa: S608 - constants
    _fill("product_months", "month, product_id", each)


def downgrade() -> None:
    op.drop_table("product_months")
    op.drop_table("store_days")
    op.drop_index(_INDEX, "customer_days")
    op.drop_constraint("pk_customer_days", "customer_days")
    op.execute("TRUNCATE customer_days")
    op.drop_column("customer_days", "staff_id")
    op.create_primary_key("pk_customer_days", "customer_days", ["customer_id", "sold_on", "store_id"])
    _fill_customers("customer_id, sold_on, store_id")
    _index("store_id")


def _create(table: str, *key: sa.Column[Any]) -> None:
    op.create_table(
        table,
        *key,
        *(sa.Column(name, sa.Integer() if name in _SMALL else sa.BigInteger(), nullable=False) for name in _NAMES),
        sa.Column("known_minor", sa.BigInteger(), nullable=False),
    )


def _fill(table: str, key: str, each: str) -> None:
    names = ", ".join((*_NAMES, "known_minor"))
    op.execute(
        f"INSERT INTO {table} ({key}, {names}) {_LINES} SELECT {key}, {_TOTALS}, {_KNOWN} FROM ({each}) AS each"  # noqa: S608
        f" GROUP BY {key}"
    )


def _fill_customers(key: str) -> None:
    each = f"SELECT {key}, {_OF_RECEIPT} FROM lines GROUP BY {key}, receipt_id"  # noqa: S608
    op.execute(
        f"INSERT INTO customer_days ({key}, {', '.join(_NAMES)}) {_LINES} SELECT {key}, {_TOTALS}"  # noqa: S608
        f" FROM ({each}) AS each GROUP BY {key}"
    )


def _index(*more: str) -> None:
    op.create_index(_INDEX, "customer_days", ["sold_on", "customer_id"], postgresql_include=[*more, *_NAMES])
