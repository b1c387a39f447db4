"""Giving money back by means that keep it: each has a handler of its own; cash and bank cards are the till's affair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.purchases.asked import Place
from erp_club.purchases.returns.facts import ReturnedLine
from erp_club.purchases.returns.queries import Original
from erp_club.receipts.kinds import Means
from erp_club.stored_value import commands as stored_value
from erp_club.stored_value.commands import Moved
from erp_club.stored_value.queries import selling
from erp_club.stored_value.unsold.commands import take_sold_back


@dataclass(frozen=True, slots=True)
class Refunding:
    """The receipt whose payment goes back, the till at work, the reason, if any was told, and the return's receipt."""

    original: Original
    place: Place
    reason: str
    receipt_id: int


Handler = Callable[[Session, Refunding, int], Sequence[Moved]]


def _to_cards(session: Session, refunding: Refunding, amount_minor: int) -> Sequence[Moved]:
    """To the prepaid and gift cards that paid, the last one first."""
    place, original = refunding.place, refunding.original
    cause = stored_value.Cause(
        at=place.now,
        on=place.local.date(),
        by=place.by,
        receipt=(original.customer_id, refunding.receipt_id),
        reason=refunding.reason or None,
    )
    return stored_value.refund_receipt(session, (original.customer_id, original.id), amount_minor, cause=cause)


def take_cards_back(session: Session, refunding: Refunding, lines: Sequence[ReturnedLine]) -> None:
    """Take the money off cards whose articles come back. Raises Conflict `stored-value-used`."""
    kinds = selling(session, {each.line.product_id for each in lines})
    place, original = refunding.place, refunding.original
    cause = stored_value.Cause(
        at=place.now,
        on=place.local.date(),
        by=place.by,
        receipt=(original.customer_id, refunding.receipt_id),
        reason=refunding.reason or None,
    )
    for article_id, kind in sorted(kinds.items()):
        face = sum(each.list_minor for each in lines if each.line.product_id == article_id)
        if face > 0:
            take_sold_back(session, (original.customer_id, original.id), kind.id, face, cause=cause)


HANDLERS: Mapping[Means, Handler] = {Means.STORED_VALUE: _to_cards}
"""What gives a means its money back; a means without one is paid out at the till."""


def give_back(session: Session, refunding: Refunding, means: Means, amount_minor: int) -> Sequence[Moved]:
    """Give so much (above 0) back by a means; what that did to cards. Raises what its handler raises."""
    handler = HANDLERS.get(means)
    return () if handler is None else handler(session, refunding, amount_minor)
