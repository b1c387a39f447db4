"""A priced basket as machines read it and tills show it: what each offer gave, why others didn't, what is missing."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable

from pydantic import BaseModel

from erp_club.points.units import Unit
from erp_club.promotions.engine.priced import Applied, PricedLine, Refusal
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.quotes.commands import Quoted
from erp_club.purchases.redeeming import Ceiling, Redeemable
from erp_club.purchases.sale import rounding
from web.formats import localised
from web.views.purchases import ClubSavings, LineDiscount, quantity_text, savings_view
from web.views.reasons import hint_words, points_words, refusal_words


class QuoteLine(BaseModel):
    """A line as it is paid. `regular_minor` is at the product's own price, `list_minor` at the price list in force.

    `total_minor` is list − discount with tax. `added_by` names the offer whose gift the line is: it is no
    discount, so all its amounts are 0, as on the receipt.
    """

    line_no: int
    sku: str
    name: str
    quantity: str
    vat_bp: int
    regular_minor: int
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    price_list: str | None
    added_by: str | None
    points: int
    discounts: list[LineDiscount]


class TaxRate(BaseModel):
    """The tax in the lines of one rate."""

    vat_bp: int
    total_minor: int
    tax_minor: int


class AppliedOffer(BaseModel):
    """What an offer gave. `times`: how often it counts against its limits; `message`: what the cashier reads."""

    offer: str
    version: int | None
    name: str
    amount_minor: int
    times: int
    units_used: int
    free_units: int
    points: int
    points_used: int
    coupon: str | None
    coupons_issued: int
    message: str | None
    unit: Unit


class RefusedOffer(BaseModel):
    """Why an offer gave nothing. `missing`: units, minor units or points; an unknown code stands for its offer."""

    offer: str
    name: str
    reason: str
    missing: int | None
    beaten_by: str | None
    words: str


class Choice(BaseModel):
    """A product that may be chosen."""

    sku: str
    name: str


class PendingOffer(BaseModel):
    """An offer that waits for a choice: send the product with its activation."""

    offer: str
    name: str
    choices: list[Choice]


class OfferHint(BaseModel):
    """What the customer could add, and how much that saves; null where it isn't money."""

    offer: str
    name: str
    kind: str
    missing: int
    gain_minor: int | None
    words: str


class EarnedInClub(BaseModel):
    """Points that the sale would add."""

    club: str
    name: str
    points: int
    unit: Unit


class DueMinor(BaseModel):
    """What is to be paid wholly in cash, rounded to the smallest coin, and wholly by card."""

    cash: int
    card: int


class RedeemableInClub(BaseModel):
    """An offer by which points of a club pay: `most_points` take `most_minor` off, in whole `step`s, `least` at once.

    `available` can be used today; `missing` is how many more are needed where none can be used. `ceiling` is what keeps
    it from being more: `balance`, `day`, `purchase`, `whole_items`, `share` or `basket`; `words` say that, or why none.
    """

    offer: str
    name: str
    club: str
    unit: Unit
    available: int
    most_points: int
    most_minor: int
    worth_points: int
    worth_minor: int
    step: int
    least: int
    used: int
    missing: int | None
    ceiling: Ceiling | None
    words: str | None


class BasketPrice(BaseModel):
    """A basket with its price and its reasons. `proof`: `proved`, or `time_limit` for the best found in time."""

    customer_id: int | None
    currency: str
    lines: list[QuoteLine]
    regular_minor: int
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    tax: list[TaxRate]
    due_minor: DueMinor
    applied: list[AppliedOffer]
    refused: list[RefusedOffer]
    pending: list[PendingOffer]
    hints: list[OfferHint]
    club_savings: ClubSavings | None
    earned: list[EarnedInClub]
    points_used: int
    redeemable: list[RedeemableInClub]
    proof: str


class QuoteView(BasketPrice):
    """A price that holds until `expires_at`, with the coupons that it reserves."""

    id: uuid.UUID
    sale_id: str
    expires_at: dt.datetime


def quote_view(quoted: Quoted, *, currency: str) -> QuoteView:
    """A quote for its till."""
    return QuoteView(
        id=quoted.id,
        sale_id=quoted.sale_id,
        expires_at=quoted.expires_at,
        **dict(price_view(quoted.basket, currency=currency)),
    )


def price_view(basket: PricedBasket, *, currency: str) -> BasketPrice:
    """A priced basket in the reader's language."""
    priced = basket.priced
    by_line = discounts_by_line(basket)
    lines = [_line(basket, line, by_line[line.id], number) for number, line in enumerate(priced.lines, start=1)]
    return BasketPrice(
        customer_id=basket.customer_id or None,
        currency=currency,
        lines=lines,
        regular_minor=priced.regular_minor,
        list_minor=priced.list_minor,
        discount_minor=priced.discount_minor,
        total_minor=priced.total_minor,
        tax_minor=priced.tax_minor,
        tax=tax_rates((line.vat_bp, line.total_minor, line.tax_minor) for line in lines),
        due_minor=DueMinor(
            cash=priced.total_minor + rounding(priced.total_minor, 0, currency), card=priced.total_minor
        ),
        applied=[_applied(basket, each) for each in priced.applied],
        refused=[
            RefusedOffer(
                offer=each.offer,
                name=offer_name(basket, each.offer),
                reason=each.reason.value,
                missing=each.missing,
                beaten_by=each.beaten_by,
                words=refused_words(basket, each, currency=currency),
            )
            for each in priced.refused
        ],
        pending=pending_view(basket),
        hints=hints_view(basket, currency=currency),
        club_savings=savings_view(basket.missed, currency=currency) if basket.missed else None,
        earned=[
            EarnedInClub(
                club=club, name=localised(basket.accounts[club].names), points=points, unit=basket.accounts[club].unit
            )
            for club, points in basket.points_by_club.items()
        ],
        points_used=priced.points_used,
        redeemable=redeemable_view(basket),
        proof=priced.proof,
    )


def offer_name(basket: PricedBasket, code: str) -> str:
    """An offer's name in the reader's language; a code that nobody knows is its own name."""
    note = basket.offers.get(code)
    return localised(note.names) if note else code


def refused_words(basket: PricedBasket, refusal: Refusal, *, currency: str) -> str:
    """Why an offer gave nothing, in the reader's language."""
    return refusal_words(
        refusal,
        currency=currency,
        name=lambda code: offer_name(basket, code),
        unit=basket.unit_of(refusal.offer),
        goods=basket.lacking.get(refusal.offer, ()),
        products={sku: product.name for sku, product in basket.products.items()},
    )


def discounts_by_line(basket: PricedBasket) -> dict[str, list[LineDiscount]]:
    """What each offer took off each line, by the line's id in the engine; 0 of a gift that it added."""
    made: dict[str, list[LineDiscount]] = defaultdict(list)
    for each in basket.priced.applied:
        for share in each.shares:
            made[share.line].append(
                LineDiscount(
                    offer=each.offer,
                    name=offer_name(basket, each.offer),
                    amount_minor=share.amount_minor,
                    quantity=quantity_text(share.units_milli),
                )
            )
    for line in basket.priced.lines:
        if line.added_by is not None:
            name, units = offer_name(basket, line.added_by), quantity_text(line.quantity_milli)
            made[line.id].append(LineDiscount(offer=line.added_by, name=name, amount_minor=0, quantity=units))
    return made


def tax_rates(lines: Iterable[tuple[int, int, int]]) -> list[TaxRate]:
    """(rate, total, tax) of lines summed by rate, the lowest first."""
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for vat_bp, total, tax in lines:
        totals[vat_bp][0] += total
        totals[vat_bp][1] += tax
    return [TaxRate(vat_bp=bp, total_minor=total, tax_minor=tax) for bp, (total, tax) in sorted(totals.items())]


def hints_view(basket: PricedBasket, *, currency: str) -> list[OfferHint]:
    """What the customer could add, in words."""
    return [
        OfferHint(
            offer=each.offer,
            name=offer_name(basket, each.offer),
            kind=each.kind,
            missing=each.missing,
            gain_minor=each.gain_minor,
            words=hint_words(
                each,
                currency=currency,
                name=lambda code: offer_name(basket, code),
                products={sku: product.name for sku, product in basket.products.items()} if each.goods else {},
            ),
        )
        for each in basket.priced.hints
    ]


def pending_view(basket: PricedBasket) -> list[PendingOffer]:
    """The offers that wait for a choice, with what may be chosen."""
    return [
        PendingOffer(
            offer=each.offer,
            name=offer_name(basket, each.offer),
            choices=[Choice(sku=sku, name=basket.products[sku].name) for sku in each.choices if sku in basket.products],
        )
        for each in basket.priced.pending
    ]


def _line(basket: PricedBasket, line: PricedLine, discounts: list[LineDiscount], number: int) -> QuoteLine:
    product = basket.products[line.product]
    return QuoteLine(
        line_no=number, sku=product.sku, name=product.name, quantity=quantity_text(line.quantity_milli),
        vat_bp=product.vat_bp, regular_minor=line.regular_minor, list_minor=line.list_minor,
        discount_minor=line.discount_minor, total_minor=line.total_minor, tax_minor=line.tax_minor,
        price_list=line.list_code or None, added_by=line.added_by, points=line.points, discounts=discounts,
    )  # fmt: skip


def redeemable_view(basket: PricedBasket) -> list[RedeemableInClub]:
    """What points could pay in the basket."""
    return [_redeemable(each) for each in basket.redeemable]


def _redeemable(each: Redeemable) -> RedeemableInClub:
    return RedeemableInClub(
        offer=each.offer, name=localised(each.names), club=each.club, unit=each.unit,
        available=each.available,
        most_points=each.most_points, most_minor=each.most_minor, worth_points=each.worth_points,
        worth_minor=each.worth_minor, step=each.step, least=each.least, used=each.used, missing=each.missing,
        ceiling=each.ceiling, words=points_words(each),
    )  # fmt: skip


def _applied(basket: PricedBasket, each: Applied) -> AppliedOffer:
    note = basket.offers.get(each.offer)
    return AppliedOffer(
        offer=each.offer, version=note.version if note else None, name=offer_name(basket, each.offer),
        amount_minor=each.amount_minor, times=each.times, units_used=each.units_used, free_units=each.free_units,
        points=each.points, points_used=each.points_used, coupon=each.coupon, coupons_issued=each.coupons_issued,
        message=localised(note.till_message) or None if note else None, unit=basket.unit_of(each.offer),
    )  # fmt: skip
