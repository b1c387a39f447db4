"""Whether what a club gave can be used once its membership has ended, or has begun anew after a break. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from erp_club.clubs.periods import add_months
from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.membership import Fate, Outcome


class Stands(StrEnum):
    """A coupon is usable, rests until the membership is renewed, or was dropped."""

    USABLE = "usable"
    FROZEN = "frozen"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Held:
    """Days of a membership; `ended`: it was ended on the last of them, and didn't run out."""

    first: dt.date
    last: dt.date | None
    ended: bool = False


def coupon_stands(
    held: Sequence[Held], since: dt.date, on: dt.date, *, grace_days: int, lapse: Fate, end: Fate
) -> Stands:
    """How a coupon stands on a day that was given on the day `since`; `held` are all days in its club.

    Within the grace days nothing is lost yet. What lapses is usable again once the membership is renewed, where it was
    frozen for no longer than the club says.
    """
    days = sorted(held, key=lambda each: each.first)
    following = [each.first for each in days[1:]]
    stands = Stands.USABLE
    for each, back in zip(days, [*following, None], strict=True):
        if each.last is None or each.last < since or each.last >= on or (back is not None and back <= each.last + DAY):
            continue
        returned = back if back is not None and back <= on else None
        if not each.ended and returned is None and on <= each.last + dt.timedelta(days=grace_days):
            continue
        stands = max(stands, _after(end if each.ended else lapse, each.last, returned, on), key=list(Stands).index)
    return stands


def _after(fate: Fate, last: dt.date, returned: dt.date | None, on: dt.date) -> Stands:
    if fate.coupons is Outcome.KEEP:
        return Stands.USABLE
    if fate.coupons is Outcome.DROP or (returned or on) > add_months(last, fate.freeze_months or 0):
        return Stands.DROPPED
    return Stands.FROZEN if returned is None else Stands.USABLE
