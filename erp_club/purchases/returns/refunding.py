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

    @property
    def cause(self) -> stored_value.Cause:
        """Why cards move, as their ledger keeps it."""
        return stored_value.Cause(
            at=self.place.now,
            on=self.place.local.date(),
            by=self.place.by,
            receipt=(self.original.customer_id, self.receipt_id),
            reason=self.reason or None,
        )


Handler = Callable[[Session, Refunding, int], Sequence[Moved]]


def _to_cards(session: Session, refunding: Refunding, amount_minor: int) -> Sequence[Moved]:
    """To the prepaid and gift cards that paid, the last one first."""
    original = refunding.original
    return stored_value.refund_receipt(
        session, (original.customer_id, original.id), amount_minor, cause=refunding.cause
    )


def take_cards_back(session: Session, refunding: Refunding, lines: Sequence[ReturnedLine]) -> None:
    """Take the money off cards whose articles come back. Raises Conflict `stored-value-used`."""
    kinds = selling(session, {each.line.product_id for each in lines})
    original = refunding.original
    for article_id, kind in sorted(kinds.items()):
        face = sum(each.list_minor for each in lines if each.line.product_id == article_id)
        if face > 0:
            take_sold_back(session, (original.customer_id, original.id), kind.id, face, cause=refunding.cause)


HANDLERS: Mapping[Means, Handler] = {Means.STORED_VALUE: _to_cards}
"""What gives a means its money back; a means without one is paid out at the till."""


def give_back(session: Session, refunding: Refunding, means: Means, amount_minor: int) -> Sequence[Moved]:
    """Give so much (above 0) back by a means; what that did to cards. Raises what its handler raises."""
    handler = HANDLERS.get(means)
    return () if handler is None else handler(session, refunding, amount_minor)
