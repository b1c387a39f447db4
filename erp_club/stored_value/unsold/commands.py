"""Taking a card's money back because the article that sold it comes back: else it would be paid out and stay good."""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.lots import available, take
from erp_club.stored_value import errors
from erp_club.stored_value.commands import Cause, Moved, hold, write_movement
from erp_club.stored_value.kinds import MovementKind
from erp_club.stored_value.models import ValueCard, ValueMovement
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.queries import GIVEN_BACK


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a sale put onto a card, less what was taken back for it before."""

    key: CardKey
    seq: int
    left_minor: int


def take_sold_back(
    session: Session, receipt: tuple[int, int], kind_id: int, amount_minor: int, *, cause: Cause
) -> list[Moved]:
    """Take so much (above 0) off the cards of a kind that a receipt (customer, receipt) sold or loaded.

    Cards on which all of it still lies come first. Raises Conflict `stored-value-used` where less is left on them than
    is to be paid back, `stored-value-not-made` where the receipt made none.
    """
    held = hold(session, [each.key for each in _loaded(session, receipt, kind_id)])
    # Read behind the locks: another return of the same receipt may have been waited for.
    loaded = _loaded(session, receipt, kind_id)
    if not loaded:
        raise errors.none_made()
    can = {each: min(each.left_minor, available(held[each.key].lots, cause.on)) for each in loaded}
    there = sum(can.values())
    if there < amount_minor:
        raise errors.used_since(there, next((card.currency for card in held.values()), ""))
    made: list[Moved] = []
    for each in sorted(loaded, key=lambda one: (can[one] < one.left_minor, one.key)):
        part = min(can[each], amount_minor - sum(-moved.amount_minor for moved in made))
        if part > 0:
            taken = take(held[each.key].lots, part, on=cause.on)
            told = replace(cause, reverses_seq=each.seq)
            made.append(write_movement(session, each.key, MovementKind.ADJUSTED, taken.parts, told))
    return made


def _loaded(session: Session, receipt: tuple[int, int], kind_id: int) -> list[Loaded]:
    rows = session.execute(
        sa.select(
            ValueMovement.customer_id, ValueMovement.card_id, ValueMovement.seq, ValueMovement.amount_minor + GIVEN_BACK
        )
        .join(ValueCard, (ValueCard.customer_id == ValueMovement.customer_id) & (ValueCard.id == ValueMovement.card_id))
        .where(
            ValueMovement.receipt_customer_id == receipt[0],
            ValueMovement.receipt_id == receipt[1],
            ValueMovement.kind.in_((MovementKind.SOLD, MovementKind.LOADED)),
            ValueCard.product_id == kind_id,
        )
    )
    return [Loaded(CardKey(row[0], row[1]), row[2], row[3]) for row in rows]
