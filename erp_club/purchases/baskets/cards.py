"""Prepaid and gift cards at a till: those that pay for the open basket, and those that it sells or loads."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor
from erp_club.permissions.passwords import hash_password, pin_faults
from erp_club.purchases.baskets import errors, queries
from erp_club.purchases.baskets.benefits import MOST_PAYING
from erp_club.purchases.baskets.commands import take
from erp_club.purchases.models import Basket
from erp_club.stored_value import queries as stored_value
from erp_club.stored_value.numbers import CardKey, compact

MOST_SOLD = 50


def pay_with(session: Session, key: CardKey, *, now: dt.datetime, by: Actor) -> None:
    """Let a card that was proven pay for the open basket, after those that do already; once is enough.

    Raises Conflict `basket-empty` or `too-many-choices`.
    """
    basket = take(session, now=now, by=by)
    if not queries.lines(session, basket.id):
        raise errors.empty_basket()
    if key.card_id in basket.paying_cards:
        return
    if len(basket.paying_cards) >= MOST_PAYING:
        raise errors.too_many_choices()
    basket.paying_cards = [*basket.paying_cards, key.card_id]
    session.flush()


def pay_without(session: Session, card_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a card not pay after all; one that didn't is no fault."""
    basket = take(session, now=now, by=by)
    basket.paying_cards = [each for each in basket.paying_cards if each != card_id]
    session.flush()


def sell_card(session: Session, *, number: str | None, pin: str | None, now: dt.datetime, by: Actor) -> None:
    """Say which card the open basket sells or loads: by number one that lies ready or is loaded, or one with this PIN.

    It goes to the first article in the basket that sells cards; whether it fits is seen when the sale is paid. Raises
    Conflict `no-card-sold` where nothing in the basket sells cards, `too-many-choices`, Invalid for the PIN.
    """
    basket = take(session, now=now, by=by)
    sku = _selling(session, basket)
    if sku is None:
        raise errors.sells_no_card()
    if len(basket.sold_cards) >= MOST_SOLD:
        raise errors.too_many_choices()
    if pin and pin_faults(pin):
        raise Invalid(pin_faults(pin))
    wanted = {
        "sku": sku,
        "number": compact(number) if number else None,
        "pin_hash": hash_password(pin) if pin else None,
    }
    basket.sold_cards = [*basket.sold_cards, wanted]
    session.flush()


def sell_no_card(session: Session, position: int, *, now: dt.datetime, by: Actor) -> None:
    """Take back what was said of the card at a position (from 1). Raises NotFound `line-gone`."""
    basket = take(session, now=now, by=by)
    if not 1 <= position <= len(basket.sold_cards):
        raise errors.line_gone()
    basket.sold_cards = [each for at, each in enumerate(basket.sold_cards, start=1) if at != position]
    session.flush()


def _selling(session: Session, basket: Basket) -> str | None:
    """The first article in the basket that sells cards."""
    articles = {
        line.line.product_id: line.sku
        for line in queries.lines(session, basket.id)
        if line.kind == ProductKind.GIFT_CARD
    }
    selling = stored_value.selling(session, list(articles))
    return next((sku for article_id, sku in articles.items() if article_id in selling), None)
