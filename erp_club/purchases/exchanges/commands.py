"""Exchanging: goods come back and others are bought in one go, with one receipt for the customer and one settlement.

Underneath they are a return and a sale, each with its rules; what the return would have paid out pays for the new goods
first. Money of prepaid and gift cards goes back onto its card before, so that the card can pay again.
"""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T
from erp_club.purchases import commands as sales
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import commands as baskets
from erp_club.purchases.commands import Sold
from erp_club.purchases.credit import Credit
from erp_club.purchases.returns import commands as returns
from erp_club.purchases.returns.commands import Asked, Returned
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.receipts.models import ReceiptExchange

MARK = "-R"
"""What the return's own number has after that of the receipt: a store's numbers are unique."""


@dataclass(frozen=True, slots=True)
class Tender:
    """How what the exchange leaves to pay is paid; for cash what was handed over, or None where it is exact."""

    means: Means = Means.CASH
    tendered_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """An exchange as it was booked, or as it would be: without `receipt_id` of the return it is a preview."""

    returned: Returned
    sold: Sold
    change_minor: int = 0

    @property
    def settlement(self) -> dict[str, int]:
        """What changes hands at the till, by the name of the means: above zero the customer pays, below zero gets it.

        What prepaid and gift cards pay and get is theirs: it stands with the sale and the return.
        """
        back = self.returned.receipt
        amounts = {Means.CASH.value: -back.rounding_minor, Means.CARD.value: 0}
        for each in self.sold.sale.payments:
            amounts[each.name] = amounts.get(each.name, 0) + each.amount_minor
        for each in back.refunds:
            amounts[each.name] = amounts.get(each.name, 0) - each.amount_minor
        return {name: amount for name, amount in amounts.items() if amount and name != Means.STORED_VALUE}

    @property
    def due_minor(self) -> int:
        """What the customer pays in all, or below zero gets."""
        return sum(self.settlement.values())


def exchange(
    session: Session,
    receipt_id: int,
    asked: Asked,
    goods: Order | None,
    tender: Tender,
    place: Place,
    *,
    currency: str,
) -> Exchanged:
    """Take goods of a receipt back and sell others: those of an order, or without one the till's open basket.

    Raises what returning and selling raise.
    """
    number = baskets.start_receipt(session, now=place.now, by=place.by) if goods is None else goods.receipt_no
    back = replace(asked, receipt_no=number + MARK)
    returned = returns.return_goods(session, receipt_id, back, place, currency=currency)
    credit = _credit(returned)
    if goods is None:
        paid = baskets.pay(
            session, place, means=tender.means, tendered_minor=tender.tendered_minor, expected_minor=None,
            currency=currency, credit=credit, receipt_no=number,
        )  # fmt: skip
        made = Exchanged(returned, paid.sold, paid.change_minor)
    else:
        means = tuple(dict.fromkeys((*goods.asked.means, *credit.means, tender.means.value)))
        order = replace(goods, asked=replace(goods.asked, means=means), credit=credit, rest=tender.means)
        made = Exchanged(returned, sales.sell(session, order, place, currency=currency))
    session.execute(
        sa.insert(ReceiptExchange).values(
            customer_id=returned.receipt.customer_id,
            receipt_id=returned.receipt_id,
            sold_customer_id=made.sold.posted.customer_id,
            sold_receipt_id=made.sold.posted.receipt_id,
        )
    )
    return made


def preview_exchange(
    session: Session,
    receipt_id: int,
    asked: Asked,
    goods: Order | None,
    tender: Tender,
    place: Place,
    *,
    currency: str,
) -> Exchanged:
    """What an exchange would come to: it is booked and undone, so that it is exactly that."""
    with session.begin_nested() as undone:
        made = exchange(
            session, receipt_id, asked, goods, replace(tender, tendered_minor=None), place, currency=currency
        )
        undone.rollback()
    return replace(made, returned=replace(made.returned, receipt_id=None))


def check_expected(made: Exchanged, expected_due_minor: int | None) -> None:
    """Raises Conflict `total-changed` where another difference was shown than the one that is settled."""
    if expected_due_minor is not None and expected_due_minor != made.due_minor:
        raise Conflict(
            T("What is to be paid is not what was shown. Look at it again."),
            code="total-changed",
            facts={"due_minor": made.due_minor, "expected_due_minor": expected_due_minor},
        )


def _credit(returned: Returned) -> Credit:
    amounts = {each.name: each.amount_minor for each in returned.receipt.refunds}
    in_cash = amounts.get(Means.CASH.value, 0) + returned.receipt.rounding_minor
    named = tuple((each.called, each.amount_minor) for each in returned.receipt.refunds if each.called)
    return Credit(amounts.get(Means.CARD.value, 0), in_cash, named)
