"""The prepaid and gift cards of a till's basket as a sale takes them, and what each would give."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.kernel.lots import available
from erp_club.purchases.asked import Asked, Place
from erp_club.purchases.baskets import errors
from erp_club.purchases.baskets.pricing import Gathering, gather_open
from erp_club.purchases.baskets.queries import Opened
from erp_club.purchases.credit import Credit, others
from erp_club.purchases.models import Basket
from erp_club.purchases.plans import that_pay
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.pricing import price_gathered
from erp_club.purchases.sale import CardClaim, CardToSell, Payment, rounding
from erp_club.purchases.value_cards import with_cards
from erp_club.receipts.kinds import Means
from erp_club.stored_value import queries as stored_value
from erp_club.stored_value.kinds import CardKind
from erp_club.stored_value.lots import Claim, shares
from erp_club.stored_value.numbers import masked


@dataclass(frozen=True, slots=True)
class PayingCard:
    """A card that pays for the open basket: what can be used of it, and what it gives of the total."""

    card_id: int
    number: str
    kind: CardKind
    usable_minor: int
    gives_minor: int


def paying(session: Session, card_ids: Sequence[int], total_minor: int, *, on: dt.date) -> list[PayingCard]:
    """What each of these cards would give of a total, in their order."""
    keys = stored_value.keys_by_ids(session, card_ids)
    held = stored_value.held_cards(session, keys)
    has = [available(held[key].lots, on) for key in keys]
    gives = shares(total_minor, [Claim(each) for each in has])
    return [
        PayingCard(key.card_id, masked(held[key].number), held[key].kind, usable, part)
        for key, usable, part in zip(keys, has, gives, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Tenders:
    """What pays an open basket: its cards, goods that come back, and one means all that they leave."""

    claims: Sequence[CardClaim]
    credit: Credit
    rest: Means
    currency: str


def priced_as_paid(
    session: Session, opened: Opened, asked: Asked, tenders: Tenders, place: Place
) -> tuple[Gathering, PricedBasket, tuple[Payment, ...]]:
    """The open basket at the price that it has with these means, and what each of them pays.

    An offer that hangs on a means holds only where something is left for it to pay.
    """
    made = gather_open(session, opened, asked, place)
    price, paid = _paid(session, made, tenders, place)
    paying = that_pay(asked.means, paid, price.priced.total_minor)
    if paying != asked.means:
        made = gather_open(session, opened, replace(asked, means=paying), place)
        price, paid = _paid(session, made, tenders, place)
    return made, price, paid


def _paid(
    session: Session, made: Gathering, tenders: Tenders, place: Place
) -> tuple[PricedBasket, tuple[Payment, ...]]:
    price = price_gathered(made.gathered)
    total = price.priced.total_minor
    paid = with_cards(session, (), tenders.claims, total, place)
    if tenders.rest is Means.STORED_VALUE:
        return price, paid
    return price, (*paid, *others(paid, tenders.credit, total, tenders.rest, tenders.currency))


def beside_card(cash_minor: int, currency: str) -> Credit:
    """The part that is paid in cash where a bank card pays the rest. Raises Invalid where no coins make it up."""
    if rounding(cash_minor, 0, currency):
        raise errors.no_coins()
    return Credit(cash_minor=cash_minor)


def check_card_pays(paid: Sequence[Payment], *, beside_minor: int | None) -> None:
    """Raises Invalid where cash beside a bank card leaves it nothing to pay."""
    if beside_minor and not any(payment.means is Means.CARD for payment in paid):
        raise errors.cash_is_enough()


def claims_of(session: Session, basket: Basket) -> list[CardClaim]:
    """The cards that pay for a basket, as a sale takes them."""
    return [CardClaim(key) for key in stored_value.keys_by_ids(session, basket.paying_cards)]


def sold_of(basket: Basket) -> list[CardToSell]:
    """The cards that a basket sells, as a sale takes them."""
    return [
        CardToSell(each["sku"], None, each.get("number"), pin_hash=each.get("pin_hash")) for each in basket.sold_cards
    ]
