"""Keep what a receipt holds of each department, group and brand together, for what reports ask of several at once.

Filled in this transaction from the lines of all receipts that the other sums hold; receipts that wait go on waiting.
The bits of `firsts` say of which of these seven a row is the receipt's first: department, group, brand, department and
group, department and brand, group and brand, all three; of each whether it is one at all, one that sold, one that gave
back.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1045"
down_revision = "2026_11_26_1041"
branch_labels = None
depends_on = None

_SLICES = (
    ("department",), ("group",), ("brand",), ("department", "group"), ("department", "brand"), ("group", "brand"),
    ("department", "group", "brand"),
)  # fmt: skip
_GOODS = _SLICES[-1]
_COUNTED = (
    "count(*)",
    "purchases = 1 AND count(*) FILTER (WHERE purchases = 1)",
    "returns = 1 AND count(*) FILTER (WHERE returns = 1)",
)
_KEY = "customer_id, receipt_id, department_id, group_id, brand_id"
_OF = f"{_KEY}, sold_on, store_id, staff_id"
_SUMS = ("spend_minor", "quantity_milli", "list_minor", "returned_minor")


def _window(kinds: tuple[str, ...]) -> str:
    turns = (_GOODS[turn:] + _GOODS[:turn] for turn in range(3))
    columns = next([f"{kind}_id" for kind in each] for each in turns if set(each[: len(kinds)]) == set(kinds))
    part, rest = ", ".join(columns[: len(kinds)]), ", ".join(columns[len(kinds) :])
    return f"of_{'_'.join(kinds)} AS (PARTITION BY receipt_id, {part}{f' ORDER BY {rest}' if rest else ''})"


_FIRSTS = " + ".join(
    f"({counted} OVER of_{'_'.join(kinds)} = 1)::int * {1 << (place * 3 + step)}"
    for place, kinds in enumerate(_SLICES)
    for step, counted in enumerate(_COUNTED)
)
_FILL = f"""
    INSERT INTO receipt_goods ({_OF}, firsts, {", ".join(_SUMS)})
    SELECT {_OF}, {_FIRSTS}, {", ".join(_SUMS)}
      FROM (SELECT coalesce(m.merged_into, r.customer_id) AS customer_id, r.id AS receipt_id, r.sold_on, r.store_id,
                   coalesce(r.staff_id, 0) AS staff_id, coalesce(p.department_id, 0) AS department_id,
                   coalesce(p.group_id, 0) AS group_id, coalesce(p.brand_id, 0) AS brand_id,
                   bool_or(l.quantity_milli >= 0)::int AS purchases, bool_or(l.quantity_milli < 0)::int AS returns,
                   sum(l.amount_minor)::bigint AS spend_minor, sum(l.quantity_milli)::bigint AS quantity_milli,
                   sum(l.list_minor)::bigint AS list_minor,
                   coalesce(-sum(l.amount_minor) FILTER (WHERE l.quantity_milli < 0), 0)::bigint AS returned_minor
              FROM receipts r JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
              JOIN products p ON p.id = l.product_id
              LEFT JOIN customers m ON m.id = r.customer_id AND m.merged_into IS NOT NULL
             WHERE NOT EXISTS (
                   SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id))
             GROUP BY 1, 2, 3, 4, 5, 6, 7, 8) AS each
    WINDOW {", ".join(_window(kinds) for kinds in _SLICES)}
     ORDER BY sold_on, receipt_id
"""  # noqa: S608 - constants
_KINDS = "".join(
    f"""
  INSERT INTO {kind}s_to_roll
  SELECT DISTINCT coalesce(moved.id, 0) FROM before JOIN after USING (id)
   CROSS JOIN LATERAL (VALUES (before.{kind}_id), (after.{kind}_id)) AS moved (id)
   WHERE before.{kind}_id IS DISTINCT FROM after.{kind}_id
  ON CONFLICT DO NOTHING;"""  # noqa: S608 - constants
    for kind in ("group", "department", "brand")
)
_PRODUCTS = """
  INSERT INTO products_to_roll
  SELECT id FROM before JOIN after USING (id)
   WHERE (before.group_id, before.department_id, before.brand_id)
         IS DISTINCT FROM (after.group_id, after.department_id, after.brand_id)
  ON CONFLICT DO NOTHING;"""


def _waits(what: str) -> str:
    return (
        "CREATE OR REPLACE FUNCTION groups_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f"{what}\n  RETURN NULL;\nEND $$"
    )


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.create_table(
        "products_to_roll",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_products_to_roll")),
    )
    op.create_table(
        "receipt_goods",
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("customer_id", "receipt_id")),
        *(sa.Column(f"{kind}_id", sa.Integer(), nullable=False) for kind in _GOODS),
        sa.Column("sold_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("store_id", "staff_id", "firsts")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
    )
    op.execute(_waits(_KINDS + _PRODUCTS))
    op.execute(_FILL)
    op.create_primary_key(
        "pk_receipt_goods", "receipt_goods", ["customer_id", "receipt_id", *(f"{kind}_id" for kind in _GOODS)]
    )
    op.create_index("ix_receipt_goods_sold_on", "receipt_goods", ["sold_on"], postgresql_using="brin")


def downgrade() -> None:
    op.execute(_waits(_KINDS))
    op.drop_table("receipt_goods")
    op.drop_table("products_to_roll")
