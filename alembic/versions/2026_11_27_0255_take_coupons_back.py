"""Tell coupons that were taken back from those that head office has blocked: nobody unblocks them."""

from alembic import op

revision = "2026_11_27_0255"
down_revision = "2026_11_27_0250"
branch_labels = None
depends_on = None

_LAW = "ck_coupons_state_known"
_INDEX = "CREATE INDEX ix_coupons_blocked ON coupons (batch_id) WHERE state {}"
# Those of undone rewards, and those that came with a sale of which all has come back.
_TAKEN_BACK = """
    UPDATE coupons c SET state = 'taken_back'
     WHERE c.state = 'blocked' AND c.used < c.uses AND (
       EXISTS (SELECT FROM reward_coupons r
                 JOIN period_settlements s ON (s.customer_id, s.id) = (r.customer_id, r.settlement_id)
                WHERE (r.owner_id, r.coupon_id) = (c.customer_id, c.id) AND s.state = 'undone')
       OR c.receipt_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM receipt_lines l LEFT JOIN receipt_lines_returned b USING (customer_id, receipt_id, line_no)
             WHERE (l.customer_id, l.receipt_id) = (c.receipt_customer_id, c.receipt_id)
               AND l.quantity_milli > coalesce(b.returned_milli, 0)))
"""


def _law(*states: str) -> None:
    op.drop_constraint(_LAW, "coupons")
    op.create_check_constraint(op.f(_LAW), "coupons", f"state IN ({', '.join(map(repr, states))})")


def upgrade() -> None:
    _law("active", "blocked", "taken_back")
    op.drop_index("ix_coupons_blocked", "coupons")
    op.execute(_TAKEN_BACK)
    op.execute(_INDEX.format("<> 'active'"))


def downgrade() -> None:
    op.execute("UPDATE coupons SET state = 'blocked' WHERE state = 'taken_back'")
    op.drop_index("ix_coupons_blocked", "coupons")
    op.execute(_INDEX.format("= 'blocked'"))
    _law("active", "blocked")
