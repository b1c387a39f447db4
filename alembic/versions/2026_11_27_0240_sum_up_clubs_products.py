"""Keep what clubs' members buy of each product in a month, and who bought a product, by the month before.

And an index of who is gone, who aren't counted among buyers.

Filled in this transaction from what is kept of each customer's days; receipts that wait go on waiting, and so do
members who have changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0240"
down_revision = "2026_11_27_0255"
branch_labels = None
depends_on = None

_SUMS = ("receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_HELD = """customer_product_days d
    JOIN club_spans s ON s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after"""
_MONTH = "date_trunc('month', sold_on::timestamp)::date"


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.add_column("product_months", sa.Column("club_id", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("product_months", "club_id", server_default=None)
    op.drop_constraint("pk_product_months", "product_months", type_="primary")
    op.create_table(
        "product_buyers",
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("month", "before")),
        sa.Column("buyers", sa.Integer(), nullable=False),
    )
    op.execute("SET LOCAL work_mem = '256MB'")
    sums = ", ".join(f"sum({each})" for each in _SUMS)
    op.execute(f"""
        INSERT INTO product_months (club_id, month, product_id, {", ".join(_SUMS)}, known_minor)
        SELECT club_id, {_MONTH}, product_id, {sums}, sum(spend_minor) FROM {_HELD}
         GROUP BY club_id, 2, product_id ORDER BY club_id, 2, product_id
    """)  # noqa: S608 - constants
    for club, key, days in (
        ("0", "product_id", "customer_product_days d"),
        ("club_id", "club_id, product_id", _HELD),
    ):
        op.execute(f"""
            INSERT INTO product_buyers (club_id, product_id, month, before, buyers)
            SELECT {club}, product_id, month, before, count(*)
              FROM (SELECT {key}, month, coalesce(lag(month) OVER of_customer, DATE '0001-01-01') AS before
                      FROM (SELECT DISTINCT {key}, d.customer_id, {_MONTH} AS month
                              FROM {days} WHERE purchases > 0 AND d.customer_id <> 0) AS each
                    WINDOW of_customer AS (PARTITION BY {key}, customer_id ORDER BY month)) AS each
             GROUP BY {key}, month, before ORDER BY {key}, month, before
        """)  # noqa: S608 - constants
    _key("product_months", "club_id, month, product_id", ", ".join((*_SUMS, "known_minor")))
    _key("product_buyers", "club_id, product_id, month, before", "buyers")
    op.create_index("ix_customers_gone", "customers", ["id"], postgresql_where=sa.text("state <> 'active'"))
    op.execute("ANALYZE product_months, product_buyers")


def _key(table: str, columns: str, beside: str) -> None:
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({columns}) INCLUDE ({beside})")


def downgrade() -> None:
    op.drop_index("ix_customers_gone", "customers")
    op.drop_table("product_buyers")
    op.execute("DELETE FROM product_months WHERE club_id <> 0")
    op.drop_column("product_months", "club_id")
    _key("product_months", "month, product_id", ", ".join((*_SUMS, "known_minor")))
