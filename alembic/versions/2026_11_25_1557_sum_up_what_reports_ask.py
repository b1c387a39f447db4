"""Sum up what reports ask: list prices, returns and every receipt, those of nobody known too.

The sums are made anew: all receipts wait, and count from their lines until the job has added them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1557"
down_revision = "2026_11_25_1603"
branch_labels = None
depends_on = None

_SEGMENTS = ["store_id", "purchases", "returns", "spend_minor", "quantity_milli"]
_REPORTS = [
    "store_id", "receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor"
]  # fmt: skip
_NEW = (("receipts", sa.Integer()), ("list_minor", sa.BigInteger()), ("returned_minor", sa.BigInteger()))


_EVERY = """
CREATE OR REPLACE FUNCTION receipts_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO receipts_to_roll SELECT customer_id, id FROM written;
  RETURN NULL;
END $$
"""
_KNOWN = """
CREATE OR REPLACE FUNCTION receipts_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO receipts_to_roll SELECT customer_id, id FROM written WHERE customer_id <> 0;
  RETURN NULL;
END $$
"""
_EMPTY = "TRUNCATE receipts_to_roll, groups_to_roll, customer_days, customer_group_days, customer_summaries"


def upgrade() -> None:
    op.execute(_EMPTY)
    op.execute(_EVERY)
    op.drop_index("ix_customer_days_sold_on", "customer_days")
    for name, kind in _NEW:
        op.add_column("customer_days", sa.Column(name, kind, nullable=False))
    op.create_index(
        "ix_customer_days_sold_on", "customer_days", ["sold_on", "customer_id"], postgresql_include=_REPORTS
    )
    op.execute("INSERT INTO receipts_to_roll SELECT customer_id, id FROM receipts")


def downgrade() -> None:
    op.execute(_EMPTY)
    op.execute(_KNOWN)
    op.drop_index("ix_customer_days_sold_on", "customer_days")
    for name, _ in _NEW:
        op.drop_column("customer_days", name)
    op.create_index(
        "ix_customer_days_sold_on", "customer_days", ["sold_on", "customer_id"], postgresql_include=_SEGMENTS
    )
    op.execute("INSERT INTO receipts_to_roll SELECT customer_id, id FROM receipts WHERE customer_id <> 0")
