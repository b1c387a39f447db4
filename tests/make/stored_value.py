"""Kinds of cards, and cards with money on them, the way that everybody gets them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.stored_value import commands
from erp_club.stored_value.commands import Cause
from erp_club.stored_value.issued import commands as issued
from erp_club.stored_value.issued.commands import ToIssue
from erp_club.stored_value.kinds import CardKind
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.products.commands import Chain, create_product
from erp_club.stored_value.products.settings import ProductSettings
from erp_club.stored_value.queries import HeldCard

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
CHAIN = Chain("ILS", "IL", "en")
NAMES: Mapping[str, str] = {"en": "Gift card", "he": "כרטיס מתנה"}


def a_kind(session: Session, code: str = "GIFT", *, chain: Chain = CHAIN, **settings: Any) -> int:
    """A kind of gift card of any amount from 10.00 to 1,000.00 that holds for five years, without a PIN."""
    said: dict[str, Any] = {"names": NAMES, "valid_months": 60} | settings
    return create_product(session, ProductSettings(code=code, **said), chain=chain, now=NOW, by=SYSTEM)


def a_prepaid_kind(session: Session, code: str = "PREPAID", **settings: Any) -> int:
    """A kind of card that is loaded again and again; its money never ends unless the test says otherwise."""
    return a_kind(session, code, **({"kind": CardKind.PREPAID, "valid_months": None} | settings))


def a_gift_card(
    session: Session,
    amount_minor: int = 100_00,
    *,
    kind_id: int | None = None,
    pin: str | None = None,
    customer_id: int = 0,
    on: dt.date = TODAY,
) -> HeldCard:
    """A card that was given away with 100.00 on it; of a kind of its own where none is named."""
    if kind_id is None:
        kind_id = a_kind(session, has_pin=pin is not None)
    wanted = ToIssue(kind_id, amount_minor, pin=pin, customer_id=customer_id)
    made = issued.give_card(session, wanted, reason="Birthday", now=NOW, today=on, by=SYSTEM)
    return held(session, made.card.key)


def held(session: Session, key: CardKey) -> HeldCard:
    """The card as it is now."""
    return commands.hold(session, [key])[key]


def a_cause(*, on: dt.date = TODAY, by: Actor = SYSTEM, receipt: tuple[int, int] | None = None) -> Cause:
    return Cause(NOW, on, by, receipt)


def paid(session: Session, key: CardKey, amount_minor: int, *, on: dt.date = TODAY) -> commands.Moved:
    return commands.pay(session, held(session, key), amount_minor, cause=a_cause(on=on))


def an_article(session: Session, sku: str = "GIFT-1", *, price_minor: int = 1_00) -> str:
    """The catalogue's article by which tills sell a kind of card; by default its quantity is the amount."""
    session.add(
        Product(
            sku=sku,
            name="Gift card",
            list_price_minor=price_minor,
            vat_bp=0,
            kind=ProductKind.GIFT_CARD,
            earns_points=False,
        )
    )
    session.flush()
    return sku
