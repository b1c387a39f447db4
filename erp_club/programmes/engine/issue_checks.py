"""What a draft says of giving and using that its gift can't do. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.due import gives_never
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import (
    USED_AT_ONCE,
    At,
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    GiftGiven,
    Given,
    OfMembership,
    PointsGiven,
    StoredValueGiven,
    Until,
    Use,
    comes_in_pieces,
)
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.parts import Counts, Every
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import DATED, ByAverage, ByEvery, ByThreshold, Occasion, Rest

_WITHOUT_END = {Every.EVER, Every.ROLLING}
_HAVE_A_PRICE = {Counts.PURCHASES, Counts.VISITS, Counts.UNITS}
_GIVING = ("at", "after_days", "published_on")
_DAYS = ("usable", "valid_days", "valid_months", "valid_until", "valid_to")


def issues(programme: Programme) -> Iterator[Finding]:
    """Each place that says of giving or using something what its gift can't do."""
    dated = {f"occasions[{n}]" for n, each in enumerate(programme.occasions) if each.occasion in DATED}
    for path, issue, things in _issued(programme):
        yield from _left_over(path, issue, things)
        if issue.valid_until is Until.OCCASION_END and path not in dated:
            yield Finding(f"{path}.issue.valid_until", T("Only a birthday or an anniversary has days around it."))
        if issue.automatic and not any(_is_used_by_tills(each) for each in things):
            text = T("A till can't use this by itself, so this has no effect.")
            yield Finding(f"{path}.issue.automatic", text, stops=False)
    for index, occasion in enumerate(programme.occasions):
        if occasion.occasion in DATED:
            yield from _around(f"occasions[{index}].issue", occasion)
    for index, reward in enumerate(programme.rewards):
        if gives_never(reward, programme.term):
            text = T("This waits for the end of a period that has none, so it never comes. Choose another period.")
            yield Finding(f"rewards[{index}].period", text)
        day, later = reward.issue.by_day_of_month, reward.issue.after_days
        if day is not None and later >= day:
            yield Finding(
                f"rewards[{index}].issue.by_day_of_month", T("By this day it isn't given yet: it comes later.")
            )
    if programme.levels is not None:
        yield from _milestones(programme.levels)
    yield from _cut(programme)
    yield from _reckoned(programme)
    yield from _averages(programme)


def _left_over(path: str, issue: Use, things: tuple[Given, ...]) -> Iterator[Finding]:
    if not issue.part_use or any(_can_be_left(each) for each in things):
        return
    if any(isinstance(each, CouponGiven) for each in things):
        text = T("What becomes of the rest of a coupon, its batch says: set it there.")
    else:
        text = T("Nothing of this can be left over, so this has no effect.")
    yield Finding(f"{path}.issue.part_use", text, stops=False)


def _around(path: str, of: Occasion) -> Iterator[Finding]:
    """A gift around a day comes with its first day, and can be used in these days."""
    usual = type(of.issue)()
    points = all(isinstance(each, PointsGiven) for each in of.gives)  # for so many days from when they are given
    in_days = of.issue.valid_until is Until.OCCASION_END
    if points and in_days and of.issue.valid_days is not None:
        yield Finding(f"{path}.valid_days", T("Say one: so many days, or to the end of the days around the day."))
    can = {"valid_days", "valid_until"} if in_days else {"valid_days"}
    for name in (*_GIVING, *(each for each in _DAYS if not points or each not in can)):
        if getattr(of.issue, name) != getattr(usual, name):
            text = T("The days around the day say when it comes and can be used. Change those, and leave this out.")
            yield Finding(f"{path}.{name}", text)


def _milestones(levels: Levels) -> Iterator[Finding]:
    for index, milestone in enumerate(levels.milestones):
        if milestone.issue.at is At.PERIOD_END and levels.window.every in _WITHOUT_END:
            text = T("What levels count has no period that ends. Choose another time.")
            yield Finding(f"levels.milestones[{index}].issue.at", text)


def _cut(programme: Programme) -> Iterator[Finding]:
    """Only what a period comes to is cut into pieces."""
    for path, gives in _given_once(programme):
        if isinstance(gives, CouponGiven | CodeGiven | StoredValueGiven) and gives.denomination_minor is not None:
            text = T("Only the reward of a period comes to an amount that can be cut into such. Leave this out.")
            yield Finding(f"{path}.denomination_minor", text)


def _reckoned(programme: Programme) -> Iterator[Finding]:
    """What a period gives is worth what its rule comes to."""
    for index, reward in enumerate(programme.rewards):
        of = reward.function
        values = {of.value} if isinstance(of, ByEvery) else set[int]()
        values |= {each.value for each in of.steps} if isinstance(of, ByThreshold) else set[int]()
        for name in ("amount_minor", "points"):
            said: int | None = getattr(reward.gives, name, None)
            if said is not None and values != {said}:
                text = T("The rule of the period says how much is given, so this has no effect.")
                yield Finding(f"rewards[{index}].gives.{name}", text, stops=False)


def _averages(programme: Programme) -> Iterator[Finding]:
    """A card of so many purchases is worth an amount of money, and what is on one isn't known in another period."""
    for index, reward in enumerate(programme.rewards):
        path = f"rewards[{index}]"
        if not isinstance(reward.function, ByAverage):
            continue
        if reward.base.counts not in _HAVE_A_PRICE:
            text = T("An average is of purchases, visits or units: let one of these be counted.")
            yield Finding(f"{path}.base.counts", text)
        if isinstance(reward.gives, PointsGiven) or comes_in_pieces(reward.gives):
            yield Finding(f"{path}.gives", T("An average is an amount of money. Give it as such."))
        if reward.rest is Rest.CARRY and reward.period.every is not Every.EVER:
            text = T("A card isn't carried into another period. Drop what is left over, or let the period have no end.")
            yield Finding(f"{path}.rest", text)


def _is_used_by_tills(gives: Given) -> bool:
    return isinstance(gives, CouponGiven | CodeGiven | DiscountGiven | GiftGiven | StoredValueGiven)


def _can_be_left(gives: Given) -> bool:
    amount = isinstance(gives, DiscountGiven) and not comes_in_pieces(gives)
    return amount or isinstance(gives, CodeGiven | StoredValueGiven)


def _issued(programme: Programme) -> Iterator[tuple[str, Use, tuple[Given, ...]]]:
    for index, occasion in enumerate(programme.occasions):
        yield f"occasions[{index}]", occasion.issue, occasion.gives
    for index, reward in enumerate(programme.rewards):
        yield f"rewards[{index}]", reward.issue, (reward.gives,)
    for index, benefit in enumerate(programme.benefits):
        if benefit.issue != USED_AT_ONCE and not isinstance(benefit.gives, OfMembership):
            yield f"benefits[{index}]", benefit.issue, (benefit.gives,)
    if programme.levels is not None:
        for index, milestone in enumerate(programme.levels.milestones):
            yield f"levels.milestones[{index}]", milestone.issue, milestone.gives


def _given_once(programme: Programme) -> Iterator[tuple[str, Given]]:
    """What is given otherwise than for a period, each with its place."""
    for index, occasion in enumerate(programme.occasions):
        yield from ((f"occasions[{index}].gives[{n}]", each) for n, each in enumerate(occasion.gives))
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
