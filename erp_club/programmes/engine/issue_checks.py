"""What a draft says of giving and using that its gift can't do. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.by_hand_checks import BY_HAND
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import (
    AT_ONCE,
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    GiftGiven,
    Given,
    Issue,
    StoredValueGiven,
)
from erp_club.programmes.engine.parts import Birthday
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import DATED

_GIVEN_LATER = ("at", "after_days", "by_day_of_month", "published_on")
_DAYS = ("usable", "valid_days", "valid_months", "valid_until")


def issues(programme: Programme) -> Iterator[Finding]:
    """Each place that says of giving or using something what its gift can't do, or what nothing carries out."""
    yield from _not_carried_out(programme)
    yield from _no_offer_says(programme)
    for path, issue, things in _issued(programme):
        if not issue.part_use or any(_can_be_left(each) for each in things):
            continue
        if any(isinstance(each, CouponGiven) for each in things):
            text = T("What becomes of the rest of a coupon, its batch says: set it there.")
        else:
            text = T("Nothing of this can be left over, so this has no effect.")
        yield Finding(f"{path}.issue.part_use", text, stops=False)


def _not_carried_out(programme: Programme) -> Iterator[Finding]:
    """What is said of when a gift comes and can be used, where that is given at once, and used in days of its own."""
    for index, occasion in enumerate(programme.occasions):
        unused = (*_GIVEN_LATER, *_DAYS) if occasion.occasion in DATED else (*_GIVEN_LATER, "automatic")
        yield from _said(f"occasions[{index}]", occasion.issue, unused)
    for index, reward in enumerate(programme.rewards):
        used = isinstance(reward.gives, CouponGiven | CodeGiven | DiscountGiven | GiftGiven | StoredValueGiven)
        yield from _said(f"rewards[{index}]", reward.issue, () if used else ("automatic",))
    if programme.levels is not None:
        for index, milestone in enumerate(programme.levels.milestones):
            yield from _said(f"levels.milestones[{index}]", milestone.issue, (*_GIVEN_LATER, "automatic"))
    for index, benefit in enumerate(programme.benefits):
        yield from _said(f"benefits[{index}]", benefit.issue, (*_GIVEN_LATER, *_DAYS, "automatic"))
        if not isinstance(benefit.gives, DiscountGiven | CodeGiven | GiftGiven):
            yield Finding(f"benefits[{index}].gives", BY_HAND, stops=False)


def _no_offer_says(programme: Programme) -> Iterator[Finding]:
    """What is asked of a purchase that something is taken off, and offers at the till don't ask."""
    whens = [(f"{name}[{index}].when", each.when)
             for name in ("occasions", "benefits", "entitlements")
             for index, each in enumerate(getattr(programme, name))]  # fmt: skip
    if programme.redemption is not None:
        whens.append(("redemption.when", programme.redemption.when))
    for path, when in whens:
        for name in ("month_days", "joined_within_days", "min_age", "max_age", "birthday"):
            said = getattr(when, name)
            if said not in (None, (), Birthday.DAY):
                text = T("The till doesn't look at this where something is taken off, so it has no effect.")
                yield Finding(f"{path}.{name}", text, stops=False)


def _said(path: str, issue: Issue, names: tuple[str, ...]) -> Iterator[Finding]:
    for name in names:
        if getattr(issue, name) != getattr(AT_ONCE, name):
            yield Finding(f"{path}.issue.{name}", BY_HAND, stops=False)


def _can_be_left(gives: Given) -> bool:
    amount = isinstance(gives, DiscountGiven) and gives.off_bp is None
    return amount or isinstance(gives, CodeGiven | StoredValueGiven)


def _issued(programme: Programme) -> Iterator[tuple[str, Issue, tuple[Given, ...]]]:
    for index, occasion in enumerate(programme.occasions):
        yield f"occasions[{index}]", occasion.issue, occasion.gives
    for index, reward in enumerate(programme.rewards):
        yield f"rewards[{index}]", reward.issue, (reward.gives,)
    for index, benefit in enumerate(programme.benefits):
        yield f"benefits[{index}]", benefit.issue, (benefit.gives,)
    if programme.levels is not None:
        for index, milestone in enumerate(programme.levels.milestones):
            yield f"levels.milestones[{index}]", milestone.issue, milestone.gives
