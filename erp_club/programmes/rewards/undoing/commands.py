"""Takes back what a run gave for a period: coupons that weren't used, money that wasn't spent; points go before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.promotions.coupons.kinds import CouponState
from erp_club.stored_value import commands as cards
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.queries import HeldCard

UNDONE = "Undone"
"""What cards' movements give as their reason, where nobody has told one."""
_PAGE = """
      FROM period_settlements s
     WHERE s.run_id = :run AND s.state = 'given' AND (s.customer_id, s.id) > (:customer, :settlement)
     ORDER BY s.customer_id, s.id
     LIMIT :most
"""
_KEYS = sa.text(f"SELECT s.customer_id, s.id {_PAGE}")
_ROWS = sa.text(f"""
    SELECT s.customer_id, s.id,
           EXISTS (SELECT FROM reward_coupons r JOIN coupons c ON c.customer_id = r.owner_id AND c.id = r.coupon_id
                    WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.used > 0)
           OR EXISTS (SELECT FROM reward_cards r
                        JOIN stored_value_cards c ON c.customer_id = r.card_customer_id AND c.id = r.card_id
                       WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.balance_minor < s.value)
           OR (s.form = 'points' AND s.value > 0 OR s.taken > 0) AND NOT EXISTS (
               SELECT FROM points_movements v
                WHERE v.run_id = :undo AND v.customer_id = s.customer_id AND v.account_id = s.account_id) AS used
      {_PAGE}
""")  # noqa: S608 - the part is ours
_LOCK_COUPONS = sa.text("""
    SELECT c.id FROM coupons c
      JOIN reward_coupons r ON c.customer_id = r.owner_id AND c.id = r.coupon_id
     WHERE r.settlement_id = ANY(:settlements) AND r.customer_id = ANY(:customers)
     ORDER BY c.customer_id, c.id
       FOR NO KEY UPDATE OF c
""")
_CARDS = sa.text("""
    SELECT card_customer_id, card_id, settlement_id FROM reward_cards
     WHERE settlement_id = ANY(:settlements) AND customer_id = ANY(:customers)
""")
_BLOCK_COUPONS = sa.text("""
    UPDATE coupons c SET state = :taken_back FROM reward_coupons r
     WHERE r.settlement_id = ANY(:settlements) AND r.customer_id = ANY(:customers)
       AND c.customer_id = r.owner_id AND c.id = r.coupon_id AND c.used = 0
""")
_USED = sa.text("""
    SELECT EXISTS (SELECT FROM reward_coupons r JOIN coupons c ON c.customer_id = r.owner_id AND c.id = r.coupon_id
                    WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.used > 0)
        OR EXISTS (SELECT FROM reward_cards r
                     JOIN stored_value_cards c ON c.customer_id = r.card_customer_id AND c.id = r.card_id
                    WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.balance_minor < s.value)
        OR EXISTS (SELECT FROM entitlement_uses u
                    WHERE u.grant_holder_id = s.customer_id AND u.grant_id = s.id AND u.state <> 'back')
      FROM period_settlements s WHERE s.customer_id = :customer AND s.id = :settlement
""")


def take_back_one(session: Session, customer_id: int, settlement_id: int, *, cause: cards.Cause) -> bool:
    """Take back what one row gave, but for points; False where it was used in part or whole, so that it stays."""
    key = (customer_id, settlement_id)
    held = _held(session, [key])
    if session.execute(_USED, {"customer": customer_id, "settlement": settlement_id}).scalar_one():
        return False
    _take_back(session, [key], held, cause)
    return True


@dataclass(frozen=True, slots=True)
class Undone:
    """What a batch took back: how many rows, whom it left since it was used already, and the last key."""

    undone: int
    left: Sequence[int]
    looked_at: int
    last: tuple[int, int] | None


def undo_settlements(
    session: Session,
    run_id: int,
    undo_id: int,
    *,
    after: tuple[int, int] | None,
    limit: int,
    cause: cards.Cause,
) -> Undone:
    """Take back the next rows of a run. What was used in part or whole stays given, so that nobody is given twice."""
    customer, settlement = after or (0, 0)
    bound = {"run": run_id, "undo": undo_id, "customer": customer, "settlement": settlement, "most": limit}
    held = _held(session, [(row.customer_id, row.id) for row in session.execute(_KEYS, bound)])
    rows = session.execute(_ROWS, bound).all()
    if not rows:
        return Undone(0, (), 0, None)
    back = [(row.customer_id, row.id) for row in rows if not row.used]
    _take_back(session, back, held, cause)
    return Undone(len(back), [row.customer_id for row in rows if row.used], len(rows), (rows[-1][0], rows[-1][1]))


def _among(keys: Sequence[tuple[int, int]]) -> dict[str, list[int]]:
    return {"customers": [key[0] for key in keys], "settlements": [key[1] for key in keys]}


def _held(session: Session, keys: Sequence[tuple[int, int]]) -> dict[int, list[HeldCard]]:
    """The cards of these rows, by row, locked as its coupons are: a sale may be using them at this moment."""
    session.execute(_LOCK_COUPONS, _among(keys))
    rows = [(CardKey(row[0], row[1]), row[2]) for row in session.execute(_CARDS, _among(keys))]
    made: dict[int, list[HeldCard]] = defaultdict(list)
    if not rows:
        return made
    held = cards.hold(session, [key for key, _ in rows])
    for key, settlement_id in rows:
        made[settlement_id].append(held[key])
    return made


def _take_back(
    session: Session,
    back: Sequence[tuple[int, int]],
    held: Mapping[int, Sequence[HeldCard]],
    cause: cards.Cause,
) -> None:
    among = _among(back)
    session.execute(_BLOCK_COUPONS, among | {"taken_back": CouponState.TAKEN_BACK.value})
    for card in sorted((card for _, settlement_id in back for card in held.get(settlement_id, ())), key=_card_key):
        cards.call_in(session, card, cause=cause)
    session.execute(
        sa.update(PeriodSettlement)
        .where(PeriodSettlement.customer_id.in_(among["customers"]), PeriodSettlement.id.in_(among["settlements"]))
        .values(state=RewardState.UNDONE)
        .execution_options(synchronize_session=False)
    )


def _card_key(card: HeldCard) -> CardKey:
    return card.key
