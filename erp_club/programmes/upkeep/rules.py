"""Which plans around a date a programme asks for, and the codes of what it sets up. Pure."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from erp_club.birthday.plans.settings import Gift, PlanSettings
from erp_club.birthday.plans.settings import OccasionKind as DatedKind
from erp_club.birthday.windows import MOST_AGE
from erp_club.programmes.engine.gifts import (
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
from erp_club.programmes.engine.occasions import is_dated
from erp_club.programmes.engine.offered import called, choices, in_the_sale, is_offered
from erp_club.programmes.engine.parts import ALWAYS, When
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Around, Occasion, OccasionKind
from erp_club.promotions.engine.scope import Texts

_LONGEST = 50
PAYING = "pay-with-points"
"""Under which name the offer by which points pay is kept."""
NO_LEVEL = ""
"""Among a plan's levels: whoever has none yet, and so has the lowest."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an occasion gives, as one of the parts of its rule. `code` names what it needs."""

    rule: Occasion
    part: int
    gives: Given
    code: str


def code_of(programme: Programme, rule: str, part: int = 0) -> str:
    """The code of what a rule of the programme sets up: readable, and its own however long the names are."""
    whole = f"{programme.code}.{rule.upper()}" + (f".{part + 1}" if part else "")
    if len(whole) <= _LONGEST:
        return whole
    return f"{whole[: _LONGEST - 9]}.{hashlib.sha256(whole.encode()).hexdigest()[:8].upper()}"


def plans(programme: Programme) -> Iterator[Wanted]:
    """A plan for each gift of each birthday and anniversary rule; of what a member chooses among, one for them all."""
    for rule in programme.occasions:
        if not is_dated(rule.occasion):
            continue
        if among := choices(rule):
            yield Wanted(rule, 0, among[0], code_of(programme, rule.code))
            continue
        for index, gives in enumerate(rule.gives):
            if not _can_be_planned(gives):
                continue
            for number in range(gives.count if isinstance(gives, CouponGiven) else 1):
                part = index + 100 * number
                yield Wanted(rule, part, gives, code_of(programme, rule.code, part))


def given_for(rule: Occasion) -> Iterator[tuple[int, Given]]:
    """What an occasion that comes once gives, each with its part; of what is chosen among, the one coupon for all."""
    if among := choices(rule):
        yield 0, among[0]
        return
    yield from enumerate(rule.gives)


def given_by_coupon(programme: Programme) -> Iterator[Wanted]:
    """What an event or joining gives off a purchase, each with the code of the batch and offer that it needs."""
    for rule in programme.occasions:
        if not is_dated(rule.occasion):
            for part, gives in given_for(rule):
                if is_offered(gives):
                    yield Wanted(rule, part, gives, code_of(programme, rule.code, part))
    for code, names, things, when in _reached(programme):
        for part, gives in enumerate(things):
            if needs_coupon(gives):
                rule = Occasion(code=code, names=names, occasion=OccasionKind.JOINING, gives=(gives,), when=when)
                yield Wanted(rule, part, gives, code_of(programme, code, part))


def left_over_minor(issue: Use, gives: Given) -> int | None:
    """So much a coupon for it is worth in all, where what a purchase doesn't use up stays for the next; else None."""
    return gives.amount_minor if issue.part_use and isinstance(gives, DiscountGiven | CodeGiven) else None


def needs_coupon(gives: Given) -> bool:
    """Whether it is a thing, or a share of a purchase: no code for an amount can say that."""
    return isinstance(gives, GiftGiven) or (isinstance(gives, DiscountGiven) and comes_in_pieces(gives))


def level_code(level: str) -> str:
    """Under which name what a level gives is kept."""
    return f"level-{re.sub('[^a-z0-9_-]', '-', level.lower())}"[:50]


def staying_code(level: str) -> str:
    """Under which name what staying on a level gives is kept."""
    return f"stays-{re.sub('[^a-z0-9_-]', '-', level.lower())}"[:50]


def _reached(programme: Programme) -> Iterator[tuple[str, Texts, tuple[Given, ...], When]]:
    """What milestones, levels and periods give, and what is had for points before a sale, each under its name.

    With what is asked of the purchase at which it is used.
    """
    if programme.levels is not None:
        for milestone in programme.levels.milestones:
            yield milestone.code, {}, milestone.gives, ALWAYS
        for level in programme.levels.levels:
            yield level_code(level.code), level.names, level.gives, ALWAYS
            if level.staying is not None:
                yield staying_code(level.code), level.names, level.staying.gives, ALWAYS
    for reward in programme.rewards:
        yield reward.code, reward.names, (reward.gives,), reward.when
    for benefit in programme.benefits:
        if not (in_the_sale(benefit) or isinstance(benefit.gives, OfMembership)):
            yield benefit.code, benefit.names, (benefit.gives,), ALWAYS


def _can_be_planned(gives: Given) -> bool:
    return is_offered(gives) or isinstance(gives, PointsGiven | CouponGiven | StoredValueGiven)


def chosen_among(wanted: Wanted) -> tuple[Given, ...]:
    """What the coupon of a plan may be used for: one thing, or all that the member chooses among."""
    return choices(wanted.rule) or (wanted.gives,)


def highest(rule: Occasion, gives: Given) -> Given:
    """What the offer of a growing gift takes off at most: the coupon says how much of it is its customer's."""
    growth = rule.growth
    if growth is None or not isinstance(gives, DiscountGiven | CodeGiven) or gives.amount_minor is None:
        return gives
    most = growth.most_minor or gives.amount_minor + MOST_AGE * growth.per_year_minor
    return gives.model_copy(update={"amount_minor": most})


def plan_settings(
    programme: Programme, wanted: Wanted, *, club_id: int, starts_on: dt.date, things: Mapping[str, int | str | None]
) -> PlanSettings:
    """The plan as it is set; `things` name the batch, offer or kind of card that it gives of."""
    rule, gives = wanted.rule, wanted.gives
    around = rule.around or Around()
    amount: int | None = getattr(gives, "amount_minor", None)
    grows = rule.growth is not None and (amount is not None)
    gift = _gift(gives)
    return PlanSettings(
        code=wanted.code,
        names=called(rule.names or programme.names),
        starts_on=starts_on,
        club_id=club_id,
        occasion=DatedKind(rule.occasion.value),
        relatives=rule.relatives,
        days_before=around.days_before,
        days_after=around.days_after,
        whole_months=around.whole_months,
        months_before=around.months_before,
        months_after=around.months_after,
        hebrew=around.hebrew_calendar,
        gift=gift,
        points=gives.points if isinstance(gives, PointsGiven) else None,
        amount_minor=amount if grows or gift is Gift.GIFT_CARD else None,
        growth=rule.growth.per_year_minor if rule.growth and grows else None,
        growth_from_age=rule.growth.from_age if rule.growth and grows else 0,
        growth_to=rule.growth.most_minor if rule.growth and grows else None,
        from_age=rule.from_age,
        to_age=rule.to_age,
        least_points=rule.least_points,
        least_months=rule.least_months,
        known_at_joining=rule.known_at_joining,
        known_days_before=rule.known_days_before,
        most_per_year=rule.most_per_year,
        automatic=rule.issue.automatic,
        levels=_levels(programme, rule),
        points_days=rule.issue.valid_days if isinstance(gives, PointsGiven) else None,
        points_in_days=rule.issue.valid_until is Until.OCCASION_END and isinstance(gives, PointsGiven),
        **things,  # pyright: ignore[reportArgumentType] - each by the name of its field
    )


def _gift(gives: Given) -> Gift:
    match gives:
        case PointsGiven():
            return Gift.POINTS
        case StoredValueGiven():
            return Gift.GIFT_CARD
        case CouponGiven():
            return Gift.COUPON
        case _:
            return Gift.OFFER


def _levels(programme: Programme, rule: Occasion) -> tuple[str, ...]:
    lowest = programme.levels.levels[0].code if programme.levels is not None else None
    return (*rule.levels, NO_LEVEL) if lowest in rule.levels else rule.levels
