"""Count what is used of an account on a day without what came back of it: a cancelled sale left nothing to use."""

from alembic import op

revision = "2026_11_27_1655"
down_revision = "2026_11_27_1640"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(CAME_BACK.format(sign="-"))


def downgrade() -> None:
    op.execute(CAME_BACK.format(sign="+"))


# Of the uses that count for the latest day, as of all before them that came late.
CAME_BACK = """
    UPDATE points_accounts a
       SET redeemed_that_day = greatest(0, a.redeemed_that_day {sign} back.points)
      FROM (SELECT m.customer_id, m.account_id, sum(b.points) AS points
              FROM (SELECT customer_id, account_id, seq, max(on_date) OVER so_far AS latest_then,
                           max(on_date) OVER (PARTITION BY customer_id, account_id) AS latest
                      FROM points_movements WHERE kind = 'redeemed'
                    WINDOW so_far AS (PARTITION BY customer_id, account_id ORDER BY seq)) AS m
              JOIN points_movements b ON (b.customer_id, b.account_id, b.reverses_seq)
                   = (m.customer_id, m.account_id, m.seq) AND b.kind = 'refunded'
             WHERE m.latest_then = m.latest GROUP BY m.customer_id, m.account_id) AS back
     WHERE (a.customer_id, a.id) = (back.customer_id, back.account_id)"""
