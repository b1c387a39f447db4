"""What tills and pages are told of prepaid and gift cards."""

import datetime as dt
from collections.abc import Sequence

from pydantic import BaseModel

from erp_club.purchases.sale import Payment
from erp_club.purchases.value_cards import CardPaid, CardSold
from erp_club.receipts.kinds import Means
from erp_club.receipts.queries import PaymentRow
from erp_club.stored_value.kinds import CardKind, MovementKind
from erp_club.stored_value.numbers import masked, spoken
from erp_club.stored_value.queries import ReceiptCard


class PurchasePayment(BaseModel):
    """What one means paid; a prepaid or gift card with the end of its number, and what was left on it.

    `means` is `cash`, `card`, `stored_value`, or the chain's own name of another one.
    """

    means: str
    amount_minor: int
    card: str | None = None
    balance_minor: int | None = None


class CardOfPurchase(BaseModel):
    """A card that a sale sold or loaded: with so much, good until the last day (null is for ever)."""

    id: int
    number: str
    spoken: str
    kind: CardKind
    amount_minor: int
    balance_minor: int
    last_day: dt.date | None


def payment_lines(payments: Sequence[Payment], paid: Sequence[CardPaid]) -> list[PurchasePayment]:
    """The payments of a sale, those by cards with what is left on them."""
    left = {tuple(each.key): each.balance_minor for each in paid}
    return [
        PurchasePayment(
            means=each.name,
            amount_minor=each.amount_minor,
            card=each.card_number or None,
            balance_minor=None if each.card is None else left[each.card],
        )
        for each in payments
    ]


def paid_with(payments: Sequence[PaymentRow], cards: Sequence[ReceiptCard]) -> list[PurchasePayment]:
    """The payments of a receipt, those by cards and back onto cards one by one."""
    by_cards = [each for each in cards if each.moved in {MovementKind.PAID, MovementKind.REFUNDED}]
    made = [
        PurchasePayment(means=each.called or each.means.value, amount_minor=each.amount_minor)
        for each in payments
        if each.means is not Means.STORED_VALUE or not by_cards
    ]
    return made + [
        PurchasePayment(
            means=Means.STORED_VALUE.value,
            amount_minor=-each.amount_minor,
            card=masked(each.number),
            balance_minor=each.balance_after_minor,
        )
        for each in by_cards
    ]


def card_of_purchase(card: CardSold) -> CardOfPurchase:
    """A card that a sale has just sold or loaded."""
    return CardOfPurchase(
        id=card.key.card_id,
        number=card.number,
        spoken=spoken(card.number),
        kind=card.kind,
        amount_minor=card.amount_minor,
        balance_minor=card.balance_minor,
        last_day=card.last_day,
    )


def cards_sold(cards: Sequence[ReceiptCard], *, whole: bool) -> list[CardOfPurchase]:
    """The cards that a receipt sold or loaded. A number is money: `whole` only where the buyer's slip is printed."""
    return [
        CardOfPurchase(
            id=each.key.card_id,
            number=each.number if whole else masked(each.number),
            spoken=spoken(each.number) if whole else masked(each.number),
            kind=each.kind,
            amount_minor=each.amount_minor,
            balance_minor=each.balance_after_minor,
            last_day=each.last_day,
        )
        for each in cards
        if each.moved in {MovementKind.SOLD, MovementKind.LOADED}
    ]
