"""A sale that was just posted, as the till that sent it is told."""

import datetime as dt

from pydantic import BaseModel

from erp_club.purchases.commands import Sold
from erp_club.purchases.settled import tax_in
from web.views.moved import PurchasePoints, earned_points, unit_moved
from web.views.purchases import ClubSavings, LineDiscount, PurchaseLine, PurchaseOffer, quantity_text, savings_view
from web.views.quotes import offer_name
from web.views.value_cards import CardOfPurchase, PurchasePayment, card_of_purchase, payment_lines


class Purchase(BaseModel):
    """A posted sale, with the points that it earned and used in each club and the balances after it.

    `payments` says what each card gave and what is left on it, `cards` are those that were sold or loaded. `coupons`:
    codes issued for the next purchase. Gifts that offers added are lines of their own.
    """

    id: int
    receipt_no: str
    sold_at: dt.datetime
    customer_id: int | None
    currency: str
    list_minor: int
    discount_minor: int
    total_minor: int
    rounding_minor: int
    lines: list[PurchaseLine]
    offers: list[PurchaseOffer]
    coupons: list[str]
    club_savings: ClubSavings | None
    earned: list[PurchasePoints]
    payments: list[PurchasePayment]
    cards: list[CardOfPurchase]
    spent: list[PurchasePoints]


def purchase_of(sold: Sold) -> Purchase:
    """The view of a sale that was posted."""
    sale, posted, basket = sold.sale, sold.posted, sold.basket
    unit = unit_moved((*posted.earned, *posted.spent))
    names = {each.offer: offer_name(basket, each.offer) for each in sale.given.offers}
    return Purchase(
        id=posted.receipt_id,
        receipt_no=sale.receipt_no,
        sold_at=sale.sold_at,
        customer_id=sale.customer_id or None,
        currency=sale.currency,
        list_minor=sale.list_minor,
        discount_minor=sale.list_minor - posted.total_minor,
        total_minor=posted.total_minor,
        rounding_minor=posted.rounding_minor,
        lines=[
            PurchaseLine(
                line_no=number, product_id=line.product_id, sku=product.sku, name=product.name,
                quantity_milli=line.quantity_milli,
                regular_minor=line.list_minor if line.regular_minor is None else line.regular_minor,
                list_minor=line.list_minor, amount_minor=line.amount_minor, vat_bp=line.vat_bp,
                tax_minor=tax_in(line.amount_minor, line.vat_bp) if line.tax_minor is None else line.tax_minor,
                price_list=line.price_list, added=line.added,
                discounts=[
                    LineDiscount(
                        offer=each.offer, name=names[each.offer], amount_minor=each.amount_minor,
                        quantity=quantity_text(each.units_milli),
                    )
                    for each in sale.given.discounts
                    if each.line_no == number
                ],
            )
            for number, (line, product) in enumerate(zip(sale.lines, basket.products_of_lines, strict=True), 1)
        ],
        offers=[
            PurchaseOffer(
                offer=each.offer, version=each.version, name=names[each.offer], times=each.times,
                amount_minor=each.amount_minor, points=each.points, points_used=each.points_used, coupon=each.coupon,
                unit=unit,
            )
            for each in sale.given.offers
        ],
        coupons=list(sold.issued),
        club_savings=savings_view(basket.missed, currency=sale.currency) if basket.missed else None,
        earned=earned_points(posted.earned),
        payments=payment_lines(sale.payments, sold.cards.paid),
        cards=[card_of_purchase(each) for each in sold.cards.sold],
        spent=earned_points(posted.spent),
    )  # fmt: skip
