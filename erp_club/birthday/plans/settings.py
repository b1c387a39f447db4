"""What head office sets of a plan, which settings make sense, and what a plan gives at an age. Pure."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from erp_club.birthday.windows import MOST_AGE, MOST_DAYS, Window
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_.-]{0,49}", re.ASCII)
MOST_MINOR = 10_000_000_00
MOST_POINTS = 10_000_000
MOST_MONTHS = 5
"""Before and after together with the month itself they stay shorter than a year, whatever the months' lengths."""
MOST_KNOWN_DAYS = 3_660


class OccasionKind(StrEnum):
    """Which date of the member a plan is about."""

    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    RELATIVE_BIRTHDAY = "relative_birthday"
    MEMBERSHIP = "membership"
    """The day of joining, each year after the first."""


class Gift(StrEnum):
    """What a plan gives: the use of an offer, a coupon, money on a gift card, or points.

    The use of an offer is a coupon of the batch that starts it, so that it is chosen at the till and used once.
    """

    OFFER = "offer"
    COUPON = "coupon"
    GIFT_CARD = "gift_card"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """A plan as it is set; what each means stands at the table `birthday_plans`."""

    code: str
    names: Mapping[str, str]
    starts_on: dt.date
    club_id: int | None = None
    customer_id: int | None = None
    occasion: OccasionKind = OccasionKind.BIRTHDAY
    relatives: tuple[str, ...] = ()
    days_before: int = 0
    days_after: int = 0
    whole_months: bool = False
    months_before: int = 0
    months_after: int = 0
    hebrew: bool = False
    gift: Gift = Gift.COUPON
    batch_id: int | None = None
    offer_code: str | None = None
    card_product_id: int | None = None
    amount_minor: int | None = None
    points: int | None = None
    growth: int | None = None
    growth_from_age: int = 0
    growth_to: int | None = None
    from_age: int | None = None
    to_age: int | None = None
    least_points: int = 0
    least_months: int = 0
    known_at_joining: bool = False
    known_days_before: int = 0
    most_per_year: int | None = None
    automatic: bool = False
    levels: tuple[str, ...] = ()
    points_days: int | None = None
    """So many days after they are given points are valid, else as the club's rules say."""
    points_in_days: bool = False
    """Points are valid to the last of the days around the date."""

    @property
    def window(self) -> Window:
        """The days around the date."""
        return Window(
            self.days_before, self.days_after, self.whole_months, self.months_before, self.months_after, self.hebrew
        )

    def fits(self, age: int) -> bool:
        """Whether it is given for becoming so old, or for so many years of membership, of which there must be one."""
        if self.occasion is OccasionKind.MEMBERSHIP and age < 1:
            return False
        return (self.from_age or 0) <= age and (self.to_age is None or age <= self.to_age)

    def value(self, age: int) -> int | None:
        """What is given at an age, in minor units or points; None where the coupon's own terms say it."""
        base = self.points if self.gift is Gift.POINTS else self.amount_minor
        if base is None or not self.growth:
            return base
        grown = base + max(0, age - self.growth_from_age) * self.growth
        return grown if self.growth_to is None else min(grown, self.growth_to)


def faults(settings: PlanSettings, *, language: str) -> list[FieldError]:
    """What is wrong, by field; `language` is the chain's. Names are needed in English and in that language."""
    return [*_names(settings, language), *_whose(settings), *_window(settings), *_gift(settings), *_numbers(settings)]


def _names(of: PlanSettings, language: str) -> Iterator[FieldError]:
    if not _CODE.fullmatch(of.code):
        yield FieldError("code", T("Use capital letters, digits, hyphens, dots and underscores, 50 at most."))
    if not of.names.get(language):
        yield FieldError(f"names.{language}", T("Enter the name in this language."))


def _whose(of: PlanSettings) -> Iterator[FieldError]:
    if of.club_id is None and of.customer_id is None:
        yield FieldError("club", T("A plan is for a club, or for one customer."))
    if of.relatives and of.occasion is not OccasionKind.RELATIVE_BIRTHDAY:
        yield FieldError("relatives", T("Relatives belong to a relative's birthday."))
    for field, said in (
        ("occasion", of.occasion is OccasionKind.MEMBERSHIP),
        ("least_points", of.least_points), ("least_months", of.least_months), ("known_at_joining", of.known_at_joining),
    ):  # fmt: skip
        if said and of.club_id is None:
            yield FieldError(field, T("This needs a club."))


def _window(of: PlanSettings) -> Iterator[FieldError]:
    if of.days_before + of.days_after > MOST_DAYS:
        yield FieldError("days_after", T("Days before and after are %(most)s together at most.", most=MOST_DAYS))
    if of.whole_months and (of.days_before or of.days_after):
        yield FieldError("days_before", T("Choose days or whole months, not both."))
    if not of.whole_months and (of.months_before or of.months_after):
        yield FieldError("months_before", T("Choose days or whole months, not both."))


def _gift(of: PlanSettings) -> Iterator[FieldError]:
    match of.gift:
        case Gift.OFFER if of.offer_code is None:
            yield FieldError("offer", T("Choose the offer."))
        case Gift.COUPON if of.batch_id is None:
            yield FieldError("batch", T("Choose the batch of coupons."))
        case Gift.GIFT_CARD:
            if of.card_product_id is None:
                yield FieldError("card_product", T("Choose the kind of gift card."))
            if of.amount_minor is None:
                yield FieldError("amount", T("Enter the amount."))
        case Gift.POINTS:
            if of.points is None:
                yield FieldError("points", T("Enter how many points."))
            if of.club_id is None:
                yield FieldError("club", T("Points belong to a club. Choose one."))
        case _:
            pass
    if of.growth and of.value(0) is None:
        yield FieldError("growth", T("Enter the amount from which it grows."))
    base = of.points if of.gift is Gift.POINTS else of.amount_minor
    if of.growth_to is not None and base is not None and of.growth_to < base:
        yield FieldError("growth_to", T("The ceiling is below the amount from which it grows."))


def _numbers(of: PlanSettings) -> Iterator[FieldError]:
    most_value = MOST_POINTS if of.gift is Gift.POINTS else MOST_MINOR
    for field, value, least, most in (
        ("days_before", of.days_before, 0, MOST_DAYS),
        ("days_after", of.days_after, 0, MOST_DAYS),
        ("months_before", of.months_before, 0, MOST_MONTHS),
        ("months_after", of.months_after, 0, MOST_MONTHS),
        ("amount", of.amount_minor, 1, MOST_MINOR),
        ("points", of.points, 1, MOST_POINTS),
        ("growth", of.growth, 1, most_value),
        ("growth_from_age", of.growth_from_age, 0, MOST_AGE),
        ("growth_to", of.growth_to, 1, most_value),
        ("from_age", of.from_age, 0, MOST_AGE),
        ("to_age", of.to_age, of.from_age or 0, MOST_AGE),
        ("least_points", of.least_points, 0, MOST_POINTS),
        ("least_months", of.least_months, 0, 1_200),
        ("known_days_before", of.known_days_before, 0, MOST_KNOWN_DAYS),
        ("most_per_year", of.most_per_year, 1, 100),
    ):
        if value is not None and value < least:
            yield FieldError(field, T("This must be at least %(least)s.", least=least))
        elif value is not None and value > most:
            yield FieldError(field, T("This may be %(most)s at most.", most=most))
