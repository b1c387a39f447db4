"""What a draft says of giving and using that its gift can't do. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import CodeGiven, CouponGiven, DiscountGiven, Given, Issue, StoredValueGiven
from erp_club.programmes.engine.programme import Programme


def issues(programme: Programme) -> Iterator[Finding]:
    """Each place where what stays for the next purchase is said of something that is used whole."""
    for path, issue, things in _issued(programme):
        if not issue.part_use or any(_can_be_left(each) for each in things):
            continue
        if any(isinstance(each, CouponGiven) for each in things):
            text = T("What becomes of the rest of a coupon, its batch says: set it there.")
        else:
            text = T("Nothing of this can be left over, so this has no effect.")
        yield Finding(f"{path}.issue.part_use", text, stops=False)


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
