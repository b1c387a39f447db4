"""What periods gave a customer that tills use by themselves: coupons by code, and money by the card that it lies on."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session


def automatic_rewards(session: Session, customer_id: int, *, today: dt.date) -> tuple[list[str], list[int]]:
    """The codes, and the ids of cards, that can be used on the day, what ends first at the front."""
    found = session.execute(_AUTOMATICALLY, {"customer": customer_id, "today": today}).all()
    return [row.code for row in found if row.code is not None], [row.card for row in found if row.card is not None]


# The version that a period was settled under says whether the till uses it by itself.
_AUTOMATIC = """
    EXISTS (SELECT FROM programme_versions v
              CROSS JOIN LATERAL jsonb_array_elements(v.document -> 'rewards') AS r
             WHERE v.club_id = s.club_id AND v.version_no = s.version_no AND r ->> 'code' = s.rule
               AND CAST(r #>> '{issue,automatic}' AS boolean))
"""
_CODES = f"""
    SELECT k.code, NULL::bigint AS card, p.last_day
      FROM reward_coupons c
      JOIN period_settlements s ON s.customer_id = c.customer_id AND s.id = c.settlement_id AND s.state = 'given'
      JOIN coupons p ON p.customer_id = c.owner_id AND p.id = c.coupon_id
      JOIN coupon_batches b ON b.id = p.batch_id AND b.state <> 'blocked'
      JOIN coupon_codes k ON k.customer_id = p.customer_id AND k.coupon_id = p.id
     WHERE c.customer_id = :customer AND p.state = 'active' AND p.used < p.uses
       AND coalesce(p.given_minor < p.worth_minor, true)
       AND coalesce(p.first_day <= :today, true) AND coalesce(p.last_day >= :today, true)
       AND {_AUTOMATIC}
"""  # noqa: S608 - ours
_CARDS = f"""
    SELECT NULL, k.id, m.last_day
      FROM reward_cards c
      JOIN period_settlements s ON s.customer_id = c.customer_id AND s.id = c.settlement_id AND s.state = 'given'
      JOIN stored_value_cards k ON k.customer_id = c.card_customer_id AND k.id = c.card_id
      JOIN LATERAL (
          SELECT min(l.last_day) AS last_day FROM stored_value_lots l
           WHERE l.customer_id = k.customer_id AND l.card_id = k.id AND l.remaining_minor > 0
             AND coalesce(l.first_day <= :today, true) AND coalesce(l.last_day >= :today, true)
          HAVING count(*) > 0
      ) m ON true
     WHERE c.customer_id = :customer AND k.state = 'active' AND k.balance_minor > 0
       AND {_AUTOMATIC}
"""  # noqa: S608 - ours
_AUTOMATICALLY = sa.text(f"{_CODES} UNION ALL {_CARDS} ORDER BY last_day NULLS LAST, code, card")
