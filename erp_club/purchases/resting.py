"""Coupons that were entered and rest, or were dropped, with the membership that gave them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from erp_club.programmes.engine.fates import Stands
from erp_club.programmes.fates.queries import not_usable
from erp_club.promotions.coupons.entry import Entry


def with_resting(session: Session, entries: Iterable[Entry], *, customer_id: int, on: dt.date) -> list[Entry]:
    """The same entries; one that rests can be used again once its membership is renewed, a dropped one never."""
    made = list(entries)
    asked = [each.coupon.id for each in made if each.coupon.id and each.coupon.fault is None]
    resting = not_usable(session, asked, customer_id=customer_id, on=on) if asked else {}
    return [_resting(each, resting[each.coupon.id]) if each.coupon.id in resting else each for each in made]


def _resting(entry: Entry, stands: Stands) -> Entry:
    fault = "not_yet_valid" if stands is Stands.FROZEN else "expired"
    return replace(entry, coupon=replace(entry.coupon, fault=fault))
