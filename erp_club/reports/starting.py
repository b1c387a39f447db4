"""What it takes to start the offers of a forecast or a trial, and what their gifts cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.promotions.documents import parts
from erp_club.promotions.engine.conditions import Confirmed
from erp_club.promotions.engine.facts import Claim, Coupon
from erp_club.promotions.engine.offer import Offer, Start
from erp_club.promotions.engine.rewards import Gift, Surprise


@dataclass(frozen=True, slots=True)
class Starts:
    """What is entered, chosen and confirmed at the till."""

    coupons: tuple[Coupon, ...]
    claims: tuple[Claim, ...]
    confirmed: frozenset[str]


def gift_prices(session: Session, tried: Iterable[Offer]) -> dict[str, int]:
    """What the gifts of offers cost today, by SKU; one that isn't in the catalogue is missing."""
    skus = {sku for offer in tried for sku in _gifts(offer)}
    skus |= {prize.product for offer in tried for each in offer.rewards if isinstance(each, Surprise)
             for prize in each.prizes if prize.product is not None}  # fmt: skip
    rows = session.execute(sa.select(Product.sku, Product.list_price_minor).where(Product.sku.in_(skus)))
    return {sku: price_minor or 0 for sku, price_minor in rows}


def _gifts(offer: Offer) -> tuple[str, ...]:
    return next((each.products for each in offer.rewards if isinstance(each, Gift)), ())


def starts(tried: Iterable[Offer], prices: Mapping[str, int] | None = None) -> Starts:
    """Whatever it takes to start the tried offers; with the prices of gifts each free choice falls on the dearest."""
    coupons: list[Coupon] = []
    claims: list[Claim] = []
    confirmed: set[str] = set()
    for offer in tried:
        start = offer.activation
        if start.by is Start.CODE and start.code:
            coupons.append(Coupon(start.code))
        elif start.by is Start.COUPON and start.batch:
            coupons.append(Coupon(f"forecast-{start.batch}", batch=start.batch))
        gift = max(_gifts(offer), key=lambda sku: (prices.get(sku, 0), sku), default=None) if prices else None
        if start.by is Start.CASHIER or gift is not None:
            claims.append(Claim(offer.code, gift))
        confirmed |= {part.confirm for _, part in parts(offer) if isinstance(part, Confirmed)}
    return Starts(tuple(coupons), tuple(claims), frozenset(confirmed))
