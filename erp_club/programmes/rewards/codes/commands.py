"""The batch of personal codes for an amount, and the offer that takes it off: set up when the first one is given."""

import datetime as dt
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import PeriodReward
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
    """The batch of codes of a rule for an amount. What a code is worth beyond the basket stays if the rule says."""
    stays = rule.issue.part_use
    end = f"-{value_minor}" + ("-P" if stays else "")
    code = f"{programme.code}-{rule.code.upper()}"[: 50 - len(end)] + end
    found = _held(session, code)
    if found is not None:
        return found
    names = {str(key): text for key, text in (rule.names or programme.names).items()}
    english = names.get("en") or next(iter(names.values()))
    named = {language: names.get(language, english) for language in ("en", "he", "fi", "sv")}
    settings = BatchSettings(code, named, personal=True)
    if stays:
        settings = replace(settings, uses=MOST_USES, worth_minor=value_minor)
    create_batch(session, settings, language="en", now=now, by=by)
    offer = Offer.model_validate(
        {
            "code": code,
            "names": named,
            "activation": {"by": "coupon", "batch": code},
            "combination": {"mode": "stackable"},
            "rewards": [{"kind": "amount", "value_minor": value_minor}],
        }
    )
    offer_id = offers.create_offer(session, offer, now=now, by=by)
    offers.publish_offer(session, offer_id, language="en", today=today, now=now, by=by)
    made = _held(session, code)
    assert made is not None
    return made


def _held(session: Session, code: str) -> CouponBatch | None:
    return session.execute(
        sa.select(CouponBatch).where(CouponBatch.code == code).with_for_update(key_share=True)
    ).scalar_one_or_none()
