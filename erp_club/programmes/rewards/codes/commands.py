"""The batch of personal codes for an amount, and the offer that takes it off: set up when the first one is given."""

import datetime as dt
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.gifts import CodeGiven, DiscountGiven
from erp_club.programmes.engine.offered import called, offer_for
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.rewards.codes.queries import current_number, same_offer, variant
from erp_club.promotions import commands as offers
from erp_club.promotions.coupons.batches.commands import create_batch
from erp_club.promotions.coupons.batches.settings import MOST_USES, BatchSettings
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.engine.offer import Offer


def batch_for(
    session: Session,
    programme: Programme,
    rule: PeriodReward,
    value_minor: int,
    *,
    now: dt.datetime,
    today: dt.date,
    by: Actor,
) -> CouponBatch:
    """The batch of codes of a rule for an amount. What a code is worth beyond the basket stays if the rule says.

    Codes that are out keep the terms that they were given with: other terms have a batch of their own.
    """
    stays = rule.issue.part_use
    end = f"-{value_minor}" + ("-P" if stays else "")
    first = f"{programme.code}-{rule.code.upper()}"[: 50 - len(end)] + end
    number = current_number(session, first)
    found, offer = _held(session, variant(first, number)), _offer(programme, rule, value_minor, variant(first, number))
    if found is not None and same_offer(session, offer):
        return found
    if found is not None:
        number += 1
        offer = _offer(programme, rule, value_minor, variant(first, number))
    code = variant(first, number)
    settings = BatchSettings(code, called(rule.names or programme.names), personal=True)
    if stays:
        settings = replace(settings, uses=MOST_USES, worth_minor=value_minor)
    create_batch(session, settings, language="en", now=now, by=by)
    offer_id = offers.create_offer(session, offer, now=now, by=by)
    offers.publish_offer(session, offer_id, language="en", today=today, now=now, by=by, names_may_come=True)
    made = _held(session, code)
    assert made is not None
    return made


def _offer(programme: Programme, rule: PeriodReward, value_minor: int, code: str) -> Offer:
    """The offer that takes the amount off, on what the rule and the programme let it."""
    assert isinstance(rule.gives, DiscountGiven | CodeGiven)
    gives = rule.gives.model_copy(update={"amount_minor": value_minor})
    activation = {"by": "coupon", "batch": code}
    return offer_for(programme, code, gives, rule.when, activation, names=rule.names, rule=rule.code)


def _held(session: Session, code: str) -> CouponBatch | None:
    return session.execute(
        sa.select(CouponBatch).where(CouponBatch.code == code).with_for_update(key_share=True)
    ).scalar_one_or_none()
