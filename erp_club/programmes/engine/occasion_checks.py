"""What a draft's gifts get wrong: without a figure, or not for their occasion. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T, Text
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import (
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    EntitlementGiven,
    Given,
    OfMembership,
    PayoutGiven,
    PointsGiven,
    StoredValueGiven,
)
from erp_club.programmes.engine.offered import choices, is_offered
from erp_club.programmes.engine.parts import ALWAYS
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import DATED, Occasion, OccasionKind

_AFTER_A_PURCHASE = {OccasionKind.REFERRER, OccasionKind.REFERRED, OccasionKind.FIRST_PURCHASE}


def occasions(programme: Programme) -> Iterator[Finding]:
    """What is wrong with the rules for occasions, and with gifts elsewhere that have no figure."""
    for path, gives in _elsewhere(programme):
        yield from _figure(path, gives)
    for index, occasion in enumerate(programme.occasions):
        path = f"occasions[{index}]"
        for number, gives in enumerate(occasion.gives):
            yield from _figure(f"{path}.gives[{number}]", gives)
        if occasion.relatives and occasion.occasion is not OccasionKind.RELATIVE_BIRTHDAY:
            yield Finding(f"{path}.relatives", T("Relatives belong to a relative's birthday."))
        yield from _dated(path, occasion) if occasion.occasion in DATED else _once(path, occasion)
        yield from _of_purchases(path, occasion)
        if occasion.choose and len(occasion.gives) > 1 and not choices(occasion):
            text = T("A member can choose only among what is taken off a purchase, and points instead of it.")
            yield Finding(f"{path}.choose", text)
        if occasion.growth is not None and any(isinstance(each, CouponGiven) for each in occasion.gives):
            yield Finding(f"{path}.growth", T("A coupon can't grow with age."))


def _figure(path: str, gives: Given) -> Iterator[Finding]:
    if isinstance(gives, DiscountGiven) and gives.amount_minor is gives.off_bp is gives.price_minor is None:
        yield Finding(path, T("Say how much: an amount or a percentage."))
    if isinstance(gives, PointsGiven) and gives.points is None:
        yield Finding(f"{path}.points", T("Say how many points."))
    if isinstance(gives, CodeGiven | StoredValueGiven | PayoutGiven) and gives.amount_minor is None:
        yield Finding(f"{path}.amount_minor", T("Say how much: an amount or a percentage."))


def _elsewhere(programme: Programme) -> Iterator[tuple[str, Given]]:
    for index, benefit in enumerate(programme.benefits):
        if not isinstance(benefit.gives, OfMembership):
            yield f"benefits[{index}].gives", benefit.gives
    if programme.levels is not None:
        for name in ("milestones", "levels"):
            for index, one in enumerate(getattr(programme.levels, name)):
                yield from ((f"levels.{name}[{index}].gives[{n}]", each) for n, each in enumerate(one.gives))
        for index, level in enumerate(programme.levels.levels):
            path, gives = f"levels.levels[{index}].staying.gives", level.staying.gives if level.staying else ()
            yield from ((f"{path}[{n}]", each) for n, each in enumerate(gives))


def _dated(path: str, of: Occasion) -> Iterator[Finding]:
    for number, thing in enumerate(of.gives):
        if isinstance(thing, EntitlementGiven | PayoutGiven):
            text = T("This can't be given around a day. Choose points, a discount, a coupon, a gift or money.")
            yield Finding(f"{path}.gives[{number}]", text)


def _once(path: str, of: Occasion) -> Iterator[Finding]:
    """What only a day of every year has."""
    text = T("Only a gift around a birthday or an anniversary has this. Leave it out.")
    said: tuple[tuple[str, bool], ...] = (
        ("growth", of.growth is not None),
        ("from_age", of.from_age is not None),
        ("to_age", of.to_age is not None),
        ("known_at_joining", of.known_at_joining),
        ("known_days_before", of.known_days_before > 0),
    )
    for name, is_said in said:
        if is_said:
            yield Finding(f"{path}.{name}", text)


def _of_purchases(path: str, of: Occasion) -> Iterator[Finding]:
    """What is asked of a purchase, where there is none."""
    if of.after_purchase_minor is not None and of.occasion not in _AFTER_A_PURCHASE:
        wrong: Text = T("Only a referral and a first purchase wait for a purchase. Leave this out.")
        yield Finding(f"{path}.after_purchase_minor", wrong)
    if of.when != ALWAYS and not any(is_offered(each) for each in of.gives):
        text = T("None of its gifts is taken off a purchase, so there is none that this could be asked of.")
        yield Finding(f"{path}.when", text)
