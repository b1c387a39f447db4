"""Keep what each coupon was issued as beside its code, and the first day of money on cards with its last one.

Who gives a coupon more uses, days or worth, or lets money be used earlier, is found by it.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0859"
down_revision = "2026_11_26_0827"
branch_labels = None
depends_on = None

_TERMS = {"uses": sa.Integer(), "worth_minor": sa.BigInteger(), "first_day": sa.Date(), "last_day": sa.Date()}


def upgrade() -> None:
    for name, kind in _TERMS.items():
        op.add_column("coupon_codes", sa.Column(name, kind, nullable=True))
    op.execute(
        "UPDATE coupon_codes k SET (uses, worth_minor, first_day, last_day) = "
        "(c.uses, c.worth_minor, c.first_day, c.last_day) "
        "FROM coupons c WHERE (c.customer_id, c.id) = (k.customer_id, k.coupon_id)"
    )
    op.alter_column("coupon_codes", "uses", nullable=False)
    op.add_column("stored_value_lot_terms", sa.Column("first_day", sa.Date(), nullable=True))
    op.execute("ALTER TABLE stored_value_lot_terms DISABLE TRIGGER append_only")
    op.execute(
        "UPDATE stored_value_lot_terms t SET first_day = l.first_day FROM stored_value_lots l "
        "WHERE (l.customer_id, l.card_id, l.id) = (t.customer_id, t.card_id, t.lot_id) AND l.first_day IS NOT NULL"
    )
    op.execute("ALTER TABLE stored_value_lot_terms ENABLE TRIGGER append_only")
    _card_terms("last_day", "first_day")


def _card_terms(*days: str) -> None:
    told = ", ".join(days)
    op.execute(
        "CREATE OR REPLACE FUNCTION stored_value_lot_terms_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
        f"INSERT INTO stored_value_lot_terms (customer_id, card_id, lot_id, {told}) "
        f"SELECT customer_id, card_id, id, {told} FROM opened; RETURN NULL; END $$"
    )
    op.execute("DROP TRIGGER terms_stay ON stored_value_lots")
    op.execute(
        f"CREATE TRIGGER terms_stay BEFORE DELETE OR TRUNCATE OR UPDATE OF customer_id, card_id, id, {told} "
        "ON stored_value_lots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    _card_terms("last_day")
    op.drop_column("stored_value_lot_terms", "first_day")
    for name in _TERMS:
        op.drop_column("coupon_codes", name)
