"""What a basket holds for its customer alone, when another one is identified."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.birthday.plans.queries import automatic_codes
from erp_club.customers.models import UNIDENTIFIED
from erp_club.programmes.rewards.automatic.queries import automatic_rewards
from erp_club.promotions import queries as offers
from erp_club.promotions.coupons.codes import normalised
from erp_club.promotions.engine.ready import Ready
from erp_club.purchases.baskets import queries
from erp_club.purchases.baskets.benefits import MOST_COUPONS, MOST_PAYING
from erp_club.purchases.models import Basket


def change_buyer(session: Session, basket: Basket, customer_id: int, *, now: dt.datetime) -> None:
    """Let what tills use by themselves, coupons and money, be this customer's; none of the one before stays.

    Nor do the points that the one before wanted to pay with: nobody has asked for this customer's.
    """
    today = queries.day_at(session, basket.terminal_id, now)
    entered = basket.coupons or basket.paying_cards
    old_codes, old_cards = _automatic(session, basket.customer_id if entered else UNIDENTIFIED, today)
    codes, cards = _automatic(session, customer_id, today)
    kept = [text for text in basket.coupons if normalised(text) not in old_codes]
    known = {normalised(text) for text in kept}
    basket.coupons = [*kept, *(code for code in codes if code not in known)][:MOST_COUPONS]
    shown = [each for each in basket.paying_cards if each not in old_cards]
    if basket.claims and basket.customer_id not in {UNIDENTIFIED, customer_id}:
        compiled = offers.published(session).by_code
        basket.claims = [each for each in basket.claims if not _costs_points(compiled.get(each["offer"]))]
    basket.paying_cards = [*shown, *(each for each in cards if each not in shown)][:MOST_PAYING]


def _automatic(session: Session, customer_id: int, today: dt.date) -> tuple[list[str], list[int]]:
    """The codes and cards that a till uses by itself for a customer."""
    if customer_id == UNIDENTIFIED:
        return [], []
    codes, cards = automatic_rewards(session, customer_id, today=today)
    return [*automatic_codes(session, customer_id, today=today), *codes], cards


def _costs_points(offer: Ready | None) -> bool:
    return offer is not None and (offer.redeems or bool(offer.points))
