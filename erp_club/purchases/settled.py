"""From a priced basket to the sale that is posted: lines, discounts by line, gifts as lines. Pure."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions.engine.priced import PricedLine
from erp_club.purchases.asked import Asked, Place
from erp_club.purchases.credit import NO_CREDIT, Credit
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.sale import (
    NOTHING_GIVEN,
    CardClaim,
    CardToSell,
    Given,
    GivenOffer,
    LineDiscount,
    Payment,
    Sale,
    SaleLine,
)
from erp_club.receipts.kinds import Means


@dataclass(frozen=True, slots=True)
class Order:
    """A sale as a till sends it: the basket, what it is paid with, and the quote by which it was priced, if any.

    `payments` are those by cash and bank card; `claims` are the prepaid and gift cards that pay, in their order, and
    `cards` those that are sold.

    `sale_of_quote`: the till named no sale, so it is the quote's, which holds the coupons. `rest`: what the cards and
    the `credit` of goods that come back leave is paid by this means, whatever it comes to.
    """

    receipt_no: str
    asked: Asked
    payments: tuple[Payment, ...]
    sold_at: dt.datetime | None = None
    claims: tuple[CardClaim, ...] = ()
    cards: tuple[CardToSell, ...] = ()
    quote_id: uuid.UUID | None = None
    sale_of_quote: bool = False
    expected_total_minor: int | None = None
    credit: Credit = NO_CREDIT
    rest: Means | None = None


def sale_of(
    basket: PricedBasket, place: Place, *, receipt_no: str, payments: tuple[Payment, ...], currency: str
) -> Sale:
    """The sale of a priced basket."""
    discounts = _discounts(basket)
    return Sale(
        store_id=place.terminal.store_id,
        terminal_id=place.terminal.id,
        receipt_no=receipt_no,
        sold_at=place.sold_at,
        sold_on=place.local.date(),
        customer_id=basket.customer_id,
        lines=tuple(_line(basket, line) for line in basket.priced.lines),
        payments=payments,
        currency=currency,
        given=_given(basket, discounts),
    )


def _line(basket: PricedBasket, line: PricedLine) -> SaleLine:
    product = basket.products[line.product]
    # A levy is paid whatever is taken off, so it belongs to both amounts.
    listed = line.list_minor + line.levy_minor
    return SaleLine(
        product_id=product.id,
        quantity_milli=line.quantity_milli,
        list_minor=listed,
        amount_minor=line.total_minor,
        vat_bp=product.vat_bp,
        earns=product.earns,
        regular_minor=line.regular_minor + line.levy_minor if line.list_code else None,
        price_list=line.list_code or None,
        tax_minor=None if line.tax_minor == tax_in(line.total_minor, product.vat_bp) else line.tax_minor,
        added=line.added_by is not None,
    )


def tax_in(amount_minor: int, vat_bp: int) -> int:
    """The tax in an amount that includes it, as the rate makes it: what is left when the net amount is rounded."""
    return amount_minor - round_div(amount_minor * 10_000, 10_000 + vat_bp, Rounding.HALF_UP)


def _discounts(basket: PricedBasket) -> tuple[LineDiscount, ...]:
    """By line and offer. A gift that was added is no discount, as in its quote: its offer took 0 off its units."""
    numbers = {line.id: number for number, line in enumerate(basket.priced.lines, start=1)}
    taken: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in basket.priced.applied:
        for share in each.shares:
            key = (numbers[share.line], each.offer)
            amount, units = taken[key]
            taken[key] = amount + share.amount_minor, max(units, share.units_milli)
    for line in basket.priced.lines:
        if line.added_by is not None:
            taken[numbers[line.id], line.added_by] = 0, line.quantity_milli
    return tuple(
        LineDiscount(line_no, offer, amount, units) for (line_no, offer), (amount, units) in sorted(taken.items())
    )


def _given(basket: PricedBasket, discounts: tuple[LineDiscount, ...]) -> Given:
    missed = (basket.missed.club_id, basket.missed.amount_minor) if basket.missed else None
    if not basket.priced.applied and missed is None:
        return NOTHING_GIVEN
    amounts: dict[str, int] = defaultdict(int)
    for each in discounts:
        amounts[each.offer] += each.amount_minor
    return Given(_offers(basket, amounts), discounts, missed)


def _offers(basket: PricedBasket, amounts: Mapping[str, int]) -> tuple[GivenOffer, ...]:
    """One for each offer in the order of their codes, though two coupons may have started one."""
    made: dict[str, GivenOffer] = {}
    for each in basket.priced.applied:
        former = made.get(each.offer)
        made[each.offer] = GivenOffer(
            offer=each.offer,
            version=basket.offers[each.offer].version,
            times=each.times + (former.times if former else 0),
            amount_minor=amounts.get(each.offer, 0),
            points=each.points + (former.points if former else 0),
            points_used=each.points_used + (former.points_used if former else 0),
            coupon=former.coupon if former else each.coupon,
        )
    return tuple(made[offer] for offer in sorted(made))
