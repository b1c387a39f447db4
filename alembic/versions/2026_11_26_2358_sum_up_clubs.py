"""Keep what clubs' members buy on a day, by store and group too, and who bought, by the day before.

Filled in this transaction from what is kept of each customer's days. A trigger marks whose memberships change, whose
part of these sums is made anew by the job.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2358"
down_revision = "2026_11_26_2340"
branch_labels = None
depends_on = None

_SLICES = (
    ("all", "customer_days", "0"),
    ("store", "customer_days", "store_id"),
    ("group", "customer_group_days", "group_id"),
)
_SUMS = ("receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_MARKED = """
CREATE FUNCTION members_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' THEN INSERT INTO members_to_roll (customer_id) VALUES (OLD.customer_id); END IF;
  IF TG_OP <> 'DELETE' THEN INSERT INTO members_to_roll (customer_id) VALUES (NEW.customer_id); END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.create_table(
        "members_to_roll",
        sa.Column("customer_id", sa.BigInteger(), primary_key=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
    )
    op.create_table(
        "club_spans",
        sa.Column("customer_id", sa.BigInteger(), primary_key=True),
        sa.Column("club_id", sa.Integer(), primary_key=True),
        sa.Column("first", sa.Date(), primary_key=True),
        sa.Column("after", sa.Date(), nullable=False),
    )
    op.execute(_MARKED)
    op.execute(
        "CREATE TRIGGER members_change AFTER INSERT OR UPDATE OR DELETE ON membership_periods "
        "FOR EACH ROW EXECUTE FUNCTION members_change()"
    )
    op.execute("""
        INSERT INTO club_spans (customer_id, club_id, first, after)
        SELECT m.customer_id, m.club_id, lower(p.validity), coalesce(upper(p.validity), DATE '9999-12-31')
          FROM memberships m JOIN membership_periods p ON (p.customer_id, p.membership_id) = (m.customer_id, m.id)
         WHERE NOT isempty(p.validity)
    """)
    op.execute("ANALYZE club_spans")
    op.execute("SET LOCAL work_mem = '128MB'")
    for name, table, column in _SLICES:
        _fill(name, table, column)
    op.execute("ANALYZE slice_days, slice_buyers")


def _fill(name: str, table: str, column: str) -> None:
    held = (
        f"{table} d JOIN club_spans s ON s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after"
    )
    op.execute(f"""
        INSERT INTO slice_days (slice, of_id, sold_on, {", ".join(_SUMS)}, known_minor)
        SELECT club_id || '/{name}', {column}, sold_on, {", ".join(f"sum({each})" for each in _SUMS)}, sum(spend_minor)
          FROM {held} GROUP BY club_id, 2, sold_on ORDER BY 1, 2, 3
    """)  # noqa: S608 - constants
    op.execute(f"""
        INSERT INTO slice_buyers (slice, of_id, sold_on, before, buyers)
        SELECT club_id || '/{name}', of_id, sold_on, before, count(*)
          FROM (SELECT club_id, of_id, sold_on, coalesce(lag(sold_on) OVER of_customer, DATE '0001-01-01') AS before
                  FROM (SELECT DISTINCT club_id, {column} AS of_id, d.customer_id, sold_on
                          FROM {held} WHERE purchases > 0 AND d.customer_id <> 0) AS each
                WINDOW of_customer AS (PARTITION BY club_id, of_id, customer_id ORDER BY sold_on)) AS each
         GROUP BY club_id, of_id, sold_on, before ORDER BY 1, 2, 3, 4
    """)  # noqa: S608 - constants


def downgrade() -> None:
    op.execute("DELETE FROM slice_days WHERE slice LIKE '%/%'")
    op.execute("DELETE FROM slice_buyers WHERE slice LIKE '%/%'")
    op.execute("DROP TRIGGER members_change ON membership_periods")
    op.execute("DROP FUNCTION members_change()")
    op.drop_table("club_spans")
    op.drop_table("members_to_roll")
