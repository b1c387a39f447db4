"""Keep what is bought of each product on a day beside its months, of the chain and of each club's members.

Filled in this transaction from what is kept of each customer's days; receipts that wait go on waiting, and so do
members who have changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1230"
down_revision = "2026_11_27_0950"
branch_labels = None
depends_on = None

_SUMS = ("receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_COUNTS = ("receipts", "purchases", "returns")
_KEY = "club_id, sold_on, product_id"
_HELD = """customer_product_days d
    JOIN club_spans s ON s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after"""


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.create_table(
        "product_days",
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer() if name in _COUNTS else sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.Column("known_minor", sa.BigInteger(), nullable=False),
    )
    op.execute("SET LOCAL work_mem = '256MB'")
    sums = ", ".join(f"sum({each})" for each in _SUMS)
    for club, days in (("0", "customer_product_days d"), ("club_id", _HELD)):
        op.execute(f"""
            INSERT INTO product_days ({_KEY}, {", ".join(_SUMS)}, known_minor)
            SELECT {club}, sold_on, product_id, {sums},
                   coalesce(sum(spend_minor) FILTER (WHERE d.customer_id <> 0), 0)
              FROM {days} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        """)  # noqa: S608 - constants
    op.create_primary_key("pk_product_days", "product_days", ["club_id", "sold_on", "product_id"])
    op.execute("ANALYZE product_days")


def downgrade() -> None:
    op.drop_table("product_days")
