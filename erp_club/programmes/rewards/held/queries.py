"""How many rewards members hold unused: coupons and codes, money on cards, uses of entitlements."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.programmes.engine.programme import Programme

# A card counts as one reward while anything lies on it, and a coupon until it was used for the last time.
_UNUSED = sa.text("""
    SELECT s.account_id, sum(
               (SELECT count(*) FROM reward_coupons r
                  JOIN coupons c ON c.customer_id = r.owner_id AND c.id = r.coupon_id
                 WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.state = 'active'
                   AND c.used < c.uses
                   AND (c.worth_minor IS NULL OR c.given_minor < c.worth_minor)
                   AND coalesce(c.last_day, 'infinity') >= :on)
             + (SELECT count(*) FROM reward_cards r
                  JOIN stored_value_cards c ON c.customer_id = r.card_customer_id AND c.id = r.card_id
                 WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.state = 'active'
                   AND c.balance_minor > 0)
             + coalesce((SELECT e.count - (SELECT count(*) FROM entitlement_uses u
                                            WHERE u.grant_holder_id = e.customer_id AND u.grant_id = e.settlement_id
                                              AND u.state <> 'back')
                           FROM reward_entitlements e
                          WHERE e.customer_id = s.customer_id AND e.settlement_id = s.id), 0))
      FROM period_settlements s
     WHERE s.account_id = ANY(:accounts) AND s.club_id = :club AND s.state = 'given' AND s.value > 0
       AND coalesce(s.last_day, 'infinity') >= :on
     GROUP BY s.account_id
""")


def unused(session: Session, club_id: int, accounts: Sequence[int], *, on: dt.date) -> dict[int, int]:
    """How many rewards of a club each of these accounts holds unused on a day; none of those that hold none."""
    rows = session.execute(_UNUSED, {"club": club_id, "accounts": list(accounts), "on": on})
    return {row[0]: int(row[1]) for row in rows if row[1]}


def room_of(session: Session, programme: Programme, club_id: int, account_id: int, *, on: dt.date) -> int | None:
    """How many more an account can hold; None where the club says nothing of it."""
    if programme.most_rewards is None:
        return None
    return max(0, programme.most_rewards - unused(session, club_id, [account_id], on=on).get(account_id, 0))
