"""What a draft's occasions get wrong: gifts without a figure, and what can't be given around a day. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import (
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    EntitlementGiven,
    PayoutGiven,
    PointsGiven,
    StoredValueGiven,
)
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import DATED, Occasion, OccasionKind


def occasions(programme: Programme) -> Iterator[Finding]:
    """What is wrong with the rules for occasions."""
    for index, occasion in enumerate(programme.occasions):
        path = f"occasions[{index}]"
        for number, gives in enumerate(occasion.gives):
            if isinstance(gives, DiscountGiven) and gives.amount_minor is None and gives.off_bp is None:
                yield Finding(f"{path}.gives[{number}]", T("Say how much: an amount or a percentage."))
            if isinstance(gives, PointsGiven) and gives.points is None:
                yield Finding(f"{path}.gives[{number}].points", T("Say how many points."))
            valued = isinstance(gives, CodeGiven | StoredValueGiven | PayoutGiven)
            if valued and gives.amount_minor is None:
                yield Finding(f"{path}.gives[{number}].amount_minor", T("Say how much: an amount or a percentage."))
        if occasion.relatives and occasion.occasion is not OccasionKind.RELATIVE_BIRTHDAY:
            yield Finding(f"{path}.relatives", T("Relatives belong to a relative's birthday."))
        if occasion.occasion in DATED:
            yield from _dated(path, occasion)
        if occasion.growth is not None and any(isinstance(each, CouponGiven) for each in occasion.gives):
            yield Finding(f"{path}.growth", T("A coupon can't grow with age."))


def _dated(path: str, of: Occasion) -> Iterator[Finding]:
    for number, thing in enumerate(of.gives):
        if isinstance(thing, EntitlementGiven | PayoutGiven):
            text = T("This can't be given around a day. Choose points, a discount, a coupon, a gift or money.")
            yield Finding(f"{path}.gives[{number}]", text)
