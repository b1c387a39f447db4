"""Choosing offers, answering what they ask, and entering coupons in the basket of a till."""

import datetime as dt
from dataclasses import replace

from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.points import errors as points_errors
from erp_club.promotions import queries as offers
from erp_club.promotions.coupons.codes import normalised
from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import errors, queries
from erp_club.purchases.baskets.benefits import MOST_CLAIMS, MOST_COUPONS, Benefits, benefits_of, column_of
from erp_club.purchases.baskets.commands import take
from erp_club.purchases.baskets.pricing import asked_of
from erp_club.purchases.facts import gather
from erp_club.purchases.models import Basket
from erp_club.purchases.pricing import check_claims, price_gathered
from erp_club.purchases.redeeming import check_points


def choose_offer(
    session: Session,
    offer: str,
    *,
    product: str | None = None,
    points: int | None = None,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Choose an offer for the sale, with the product of a free choice or how many points; a former choice is replaced.

    Raises NotFound `offer-unknown`, Forbidden for an offer that only a cashier with the right may start, Conflict
    `too-many-choices`.
    """
    claim = Claim(offer, product, points)
    compiled = offers.published(session)
    if offer not in compiled.by_code:
        raise errors.offer_unknown()
    check_claims([claim], compiled, by=by)
    basket = take(session, now=now, by=by)
    others = [each for each in _benefits(basket).claims if each.offer != offer]
    if len(others) >= MOST_CLAIMS:
        raise errors.too_many_choices()
    basket.claims = column_of([*others, claim])
    session.flush()


def use_points(session: Session, offer: str, points: int | None, place: Place) -> None:
    """Let so many points pay in the open basket by this offer, or with None as many as can, whatever was said before.

    Raises what `choose_offer` raises, and what `check_points` raises at `points` where the basket takes fewer.
    """
    choose_offer(session, offer, points=points, now=place.now, by=place.by)
    opened = queries.opened(session, place.terminal.id)
    assert opened is not None
    gathered = gather(session, asked_of(place.terminal, opened), place, entered_before=True)
    priced = price_gathered(gathered)
    wanted = tuple(each for each in priced.wanted if each.offer == offer)
    if not wanted:
        raise points_errors.too_few(0, points or 0, field="points")
    check_points(wanted, priced.priced, field="points")
    if points is None:
        used = sum(each.points_used for each in priced.priced.applied if each.offer == offer)
        choose_offer(session, offer, points=used, now=place.now, by=place.by)


def give_up_offer(session: Session, offer: str, *, now: dt.datetime, by: Actor) -> None:
    """Take a choice back; one that was never made is no fault."""
    basket = take(session, now=now, by=by)
    basket.claims = column_of([each for each in _benefits(basket).claims if each.offer != offer])
    session.flush()


def answer(session: Session, question: str, *, yes: bool, now: dt.datetime, by: Actor) -> None:
    """Keep what the cashier answered to what an offer asks."""
    basket = take(session, now=now, by=by)
    answered = set(basket.confirmed) - {question}
    if yes:
        answered.add(question)
    if len(answered) > MOST_CLAIMS:
        raise errors.too_many_choices()
    basket.confirmed = sorted(answered)
    session.flush()


def enter_coupon(session: Session, text: str, place: Place) -> None:
    """Add a coupon, or the code of an offer, to the sale; entered twice it is there once.

    Raises Refused `coupon-refused` for one that can't be used, Conflict `too-many-choices`, and Throttled where too
    many wrong codes were entered here.
    """
    basket = take(session, now=place.now, by=place.by)
    known = {normalised(each) for each in basket.coupons}
    if normalised(text) in known:
        return
    if len(known) >= MOST_COUPONS:
        raise errors.too_many_choices()
    opened = queries.opened(session, place.terminal.id)
    assert opened is not None
    asked = replace(asked_of(place.terminal, opened), coupons=(text,))
    [coupon] = gather(session, asked, place).facts.coupons
    if coupon.fault is not None:
        raise errors.coupon_refused(coupon.fault)
    basket.coupons = [*basket.coupons, text]
    session.flush()


def remove_coupon(session: Session, position: int, *, now: dt.datetime, by: Actor) -> None:
    """Take the coupon at a position (from 1) out of the sale again. Raises NotFound `line-gone`."""
    basket = take(session, now=now, by=by)
    if not 1 <= position <= len(basket.coupons):
        raise errors.line_gone()
    basket.coupons = [text for number, text in enumerate(basket.coupons, start=1) if number != position]
    session.flush()


def _benefits(basket: Basket) -> Benefits:
    return benefits_of(basket.coupons, basket.claims, basket.confirmed)
