"""What was scanned or typed into the till's one field, taken for what it is."""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.cards.queries import read_card
from erp_club.catalogue.queries import skus_named
from erp_club.catalogue.weighed import may_be_label
from erp_club.customers.queries import find
from erp_club.customers.record import Found
from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions import queries as offers
from erp_club.promotions.coupons.codes import is_code, normalised
from erp_club.promotions.engine.compile import entry_key
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import commands, errors, queries
from erp_club.purchases.baskets.choices import enter_coupon
from erp_club.purchases.baskets.entry import ASKS, Entry, checked_quantity, new_customer, read_entry, read_sign, read_x
from erp_club.purchases.baskets.lines import take_product_out
from erp_club.purchases.weighed import on_label
from erp_club.stored_value.numbers import compact, is_own

MOST_CHOICES = 9
"""As many as there are number keys to choose with."""
UNIT = 1000
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Entered:
    """What an entry did: changed this line, or identified the customer (all empty), or left a choice.

    `found` are customers, `products` SKUs of which `quantity_milli` would be bought; `more` tells that more would fit
    than are found here.
    """

    line_no: int | None = None
    found: tuple[Found, ...] = ()
    more: bool = False
    products: tuple[str, ...] = ()
    quantity_milli: int = UNIT


def enter(session: Session, typed: str, place: Place, *, country: str) -> Entered:
    """Take what was scanned or typed: a product (`3*code` for three), a card, a coupon, a phone, a number or a name.

    `?` before a product asks its price, `-` takes it out again. The name of a product leaves a choice; where somebody
    is called so too, of the products whose names begin so.
    Raises Refused as `read_entry` and `product_by_code`; `unknown-code`, or `nobody-found` for a phone or name; for a
    card that doesn't identify what reading it raises, for a coupon what `enter_coupon` raises.
    """
    sign, rest = read_sign(typed)
    if sign:
        return _with_sign(session, sign, rest, place)
    entry = read_entry(typed)
    _, product_id, milli = _product(session, entry)
    # A coupon's code may begin like a quantity: 3XY5…
    is_coupon = product_id is None and entry.quantity_milli is None and is_code(normalised(entry.text))
    if product_id is None and entry.quantity_milli is None and not is_coupon and (times := read_x(entry.text)):
        entry = times
        _, product_id, milli = _product(session, entry)
    if product_id is not None:
        return Entered(commands.add_product(session, product_id, milli, now=place.now, by=place.by))
    if entry.quantity_milli is not None:
        return _named(session, entry.text, entry.quantity_milli)
    # By its form alone: whether there is such a card is told to whoever proves it.
    if is_own(compact(entry.text)):
        raise errors.value_card()
    digits = "".join(entry.text.split()).replace("-", "")
    if digits.isdigit() and queries.is_card(session, digits):
        card = read_card(session, digits)
        commands.set_customer(session, card.customer_id, card_id=card.id, now=place.now, by=place.by)
        return Entered()
    if is_coupon or entry_key(entry.text) in offers.published(session).by_entry:
        enter_coupon(session, entry.text, place)
        return Entered()
    found = find(session, entry.text, country=country, store_id=place.by.store_id, limit=MOST_CHOICES + 1)
    exact, spelt = [each for each in found if each.exact], [each for each in found if each.spelt]
    skus: list[str] = []
    if not exact and _LETTER.search(entry.text):
        skus = skus_named(session, entry.text, beginning=bool(spelt), limit=MOST_CHOICES + 1)
    if not found and not skus:
        raise errors.nobody_found(entry.text) if new_customer(entry.text) else errors.unknown_code(entry.text)
    if skus:
        others = spelt or found
        people = others[: MOST_CHOICES // (2 if spelt else 3)]  # fewer, where names only sound so
        shown = skus[: MOST_CHOICES - len(people)]
        more = len(people) < len(others) or len(shown) < len(skus)
        return Entered(found=tuple(people), products=tuple(shown), more=more)
    meant = exact or spelt or found
    # The beginning of somebody's number may be a mistyped item, a name that only sounds so another one: then the
    # cashier looks first.
    if len(meant) > 1 or not (meant[0].exact or meant[0].spelt):
        return Entered(found=tuple(meant[:MOST_CHOICES]), more=len(meant) > MOST_CHOICES)
    customer_id = meant[0].customer_id
    commands.set_customer(session, customer_id, now=place.now, by=place.by)
    return Entered()


def _product(session: Session, entry: Entry) -> tuple[str, int | None, int]:
    """The product of an entry, by its code or by what a scale has printed of it, and how much of it; no id for neither.

    Raises Refused `price-needed`, `quantity`.
    """
    milli = entry.quantity_milli or UNIT
    product_id = queries.product_by_code(session, entry.text)
    label = on_label(session, entry.text) if product_id is None and may_be_label(entry.text) else None
    if label is None:
        return entry.text, product_id, milli
    sku, each = label
    weighed = checked_quantity(round_div(each * milli, UNIT, Rounding.HALF_UP))
    return sku, queries.product_by_code(session, sku), weighed


def _with_sign(session: Session, sign: str, text: str, place: Place) -> Entered:
    if not text:
        raise errors.sign_alone()
    entry = read_entry(text)
    sku, product_id, milli = _product(session, entry)
    if sign == ASKS:
        return Entered(products=(sku,)) if product_id else _named(session, entry.text, UNIT)
    if product_id is None:
        raise errors.unknown_product(entry.text)
    return Entered(take_product_out(session, product_id, milli, now=place.now, by=place.by))


def _named(session: Session, name: str, quantity_milli: int) -> Entered:
    """The choice of the products of this name. Raises Refused `unknown-code` where there is none."""
    skus = skus_named(session, name, limit=MOST_CHOICES + 1) if _LETTER.search(name) else []
    if not skus:
        raise errors.unknown_product(name)
    return Entered(products=tuple(skus[:MOST_CHOICES]), more=len(skus) > MOST_CHOICES, quantity_milli=quantity_milli)
