"""Baskets and offers for the pricing engine: a valid default, and what only a test needs."""

import datetime as dt
from typing import Any

from erp_club.promotions.engine.compile import Compiled, Published, compile_offers
from erp_club.promotions.engine.facts import Facts, Line, Member, Shopper
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced, Refusal

AT = dt.datetime.combine(dt.date(2026, 11, 25), dt.time(12))


def a_line(product: str = "coffee", count: int = 1, unit_minor: int = 1000, **said: Any) -> Line:
    """So many units of a product, VAT 18 %."""
    given: dict[str, Any] = {"quantity_milli": count * 1000, "vat_bp": 1800, "group": product}
    return Line(product, product, unit_minor=unit_minor, **(given | said))


def an_offer(code: str, *rewards: dict[str, Any], **said: Any) -> Offer:
    """An offer that gives this."""
    document: dict[str, Any] = {"code": code, "names": {"en": code}, "rewards": rewards}
    return Offer.model_validate(document | said)


def compiled(*offers: Offer) -> Compiled:
    return compile_offers(Published(offer) for offer in offers)


def a_shopper(club: str = "CLUB", *, points: int = 0, **said: Any) -> Shopper:
    """A member of a club."""
    return Shopper("7", {club: Member(points=points)}, **said)


def priced(lines: list[Line], *offers: Offer, **said: Any) -> Priced:
    """A basket with these offers in force."""
    return price(Facts(tuple(lines), AT, **said), compiled(*offers))


def refusal(of: Priced, code: str) -> Refusal:
    """Why an offer gave nothing."""
    return next(each for each in of.refused if each.offer == code)
