"""Sum up lines by department and brand as by product group, each store apart, with list prices and returns.

The sums are made anew: all receipts wait, and count from their lines until the job has added them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1622"
down_revision = "2026_11_25_1613"
branch_labels = None
depends_on = None

_NAMES = ("receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_EMPTY = "TRUNCATE receipts_to_roll, groups_to_roll, customer_days, customer_summaries"
_WAIT = "INSERT INTO receipts_to_roll SELECT customer_id, id FROM receipts"
_GROUPS = """
CREATE OR REPLACE FUNCTION groups_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO groups_to_roll
  SELECT DISTINCT moved.group_id FROM before JOIN after USING (id)
   CROSS JOIN LATERAL (VALUES (before.group_id), (after.group_id)) AS moved (group_id)
   WHERE before.group_id IS DISTINCT FROM after.group_id AND moved.group_id IS NOT NULL
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
_EVERY_KIND = """
CREATE OR REPLACE FUNCTION groups_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO groups_to_roll
  SELECT DISTINCT coalesce(moved.id, 0) FROM before JOIN after USING (id)
   CROSS JOIN LATERAL (VALUES (before.group_id), (after.group_id)) AS moved (id)
   WHERE before.group_id IS DISTINCT FROM after.group_id
  ON CONFLICT DO NOTHING;
  INSERT INTO departments_to_roll
  SELECT DISTINCT coalesce(moved.id, 0) FROM before JOIN after USING (id)
   CROSS JOIN LATERAL (VALUES (before.department_id), (after.department_id)) AS moved (id)
   WHERE before.department_id IS DISTINCT FROM after.department_id
  ON CONFLICT DO NOTHING;
  INSERT INTO brands_to_roll
  SELECT DISTINCT coalesce(moved.id, 0) FROM before JOIN after USING (id)
   CROSS JOIN LATERAL (VALUES (before.brand_id), (after.brand_id)) AS moved (id)
   WHERE before.brand_id IS DISTINCT FROM after.brand_id
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_EMPTY)
    op.drop_table("customer_group_days")
    for kind in ("group", "department", "brand"):
        _create_days(kind, _NAMES, by_store=True)
    op.create_index("ix_customer_group_days_customer_id", "customer_group_days", ["customer_id", "group_id"])
    for kind in ("department", "brand"):
        op.create_table(
            f"{kind}s_to_roll",
            sa.Column(f"{kind}_id", sa.Integer(), autoincrement=False, nullable=False),
            sa.PrimaryKeyConstraint(f"{kind}_id", name=op.f(f"pk_{kind}s_to_roll")),
        )
    op.execute(_EVERY_KIND)
    op.execute(_WAIT)


def downgrade() -> None:
    op.execute(_GROUPS)
    op.execute(_EMPTY)
    for table in (
        *("customer_group_days", "customer_department_days", "customer_brand_days"),
        *("departments_to_roll", "brands_to_roll"),
    ):
        op.drop_table(table)
    _create_days("group", ("purchases", "returns", "spend_minor", "quantity_milli"), by_store=False)
    op.create_index("ix_customer_group_days_customer_id", "customer_group_days", ["customer_id", "group_id"])
    op.execute(_WAIT)


def _create_days(kind: str, names: tuple[str, ...], *, by_store: bool) -> None:
    table = f"customer_{kind}_days"
    small = {"receipts", "purchases", "returns"}
    store = [sa.Column("store_id", sa.Integer(), nullable=False)] if by_store else []
    op.create_table(
        table,
        sa.Column(f"{kind}_id", sa.Integer(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        *store,
        *(sa.Column(name, sa.Integer() if name in small else sa.BigInteger(), nullable=False) for name in names),
    )
    key = ", ".join([f"{kind}_id", "sold_on", "customer_id", *(column.name for column in store)])
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key}) INCLUDE ({', '.join(names)})")
