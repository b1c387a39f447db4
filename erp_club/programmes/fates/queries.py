"""Which coupons of a customer rest or were dropped, since the membership that gave them has ended or run out (M-14)."""

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.programmes.engine.fates import Held, Stands, coupon_stands
from erp_club.programmes.engine.membership import Fate

# Those of clubs that keep all coupons aren't looked at. A pause loses nothing.
_GIVEN = sa.text("""
    WITH given AS (
        SELECT r.coupon_id, s.club_id, CAST(s.at AS date) AS since
          FROM reward_coupons r
          JOIN period_settlements s ON s.customer_id = r.customer_id AND s.id = r.settlement_id
         WHERE r.owner_id = :customer AND r.coupon_id = ANY(:coupons)
         UNION ALL
        SELECT g.coupon_id, p.club_id, g.on_date
          FROM birthday_grants g JOIN birthday_plans p ON p.id = g.plan_id
         WHERE g.owner_id = :customer AND g.coupon_id = ANY(:coupons)
    )
    SELECT g.coupon_id, g.since, c.grace_days, v.lapse, v.ended,
           array_agg(lower(t.validity) ORDER BY lower(t.validity)) AS firsts,
           array_agg(upper(t.validity) - 1 ORDER BY lower(t.validity)) AS lasts,
           array_agg(m.state = 'ended' AND NOT EXISTS (
                         SELECT FROM membership_periods n
                          WHERE n.customer_id = t.customer_id AND n.membership_id = t.membership_id
                            AND NOT isempty(n.validity) AND lower(n.validity) > lower(t.validity))
                     ORDER BY lower(t.validity)) AS ends
      FROM given g
      JOIN clubs c ON c.id = g.club_id
      JOIN LATERAL (
          SELECT document -> 'lapse' AS lapse, document -> 'end' AS ended FROM programme_versions
           WHERE club_id = g.club_id AND effective_from <= :on
           ORDER BY effective_from DESC, version_no DESC LIMIT 1
      ) v ON v.lapse ->> 'coupons' <> 'keep' OR v.ended ->> 'coupons' <> 'keep'
      JOIN memberships m ON m.customer_id = :customer AND m.club_id = g.club_id AND m.state <> 'paused'
      JOIN membership_periods t ON t.customer_id = m.customer_id AND t.membership_id = m.id AND NOT isempty(t.validity)
     GROUP BY g.coupon_id, g.since, c.grace_days, v.lapse, v.ended
""")


def not_usable(session: Session, coupons: Collection[int], *, customer_id: int, on: dt.date) -> dict[int, Stands]:
    """Those of these coupons of a customer that rest or were dropped on a day, by their ids."""
    made: dict[int, Stands] = {}
    if not coupons or not customer_id:
        return made
    for row in session.execute(_GIVEN, {"customer": customer_id, "coupons": list(coupons), "on": on}):
        held = [Held(*each) for each in zip(row.firsts, row.lasts, row.ends, strict=True)]
        lapse, end = Fate.model_validate(row.lapse), Fate.model_validate(row.ended)
        stands = coupon_stands(held, row.since, on, grace_days=row.grace_days, lapse=lapse, end=end)
        if stands is not Stands.USABLE:
            made[row.coupon_id] = stands
    return made
