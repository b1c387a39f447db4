"""What a rule gives, in which form, and from when to when it can be used."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.programmes.engine.parts import (
    EVERYTHING,
    Code,
    Days,
    Key,
    Minor,
    Month,
    Months,
    Number,
    Part,
    RuleCode,
    Scope,
    SomeDays,
    SomeMinor,
    SomePoints,
)
from erp_club.promotions.engine.scope import Count


class PointsGiven(Part):
    """Points on the account; without a number as many as the rule comes to."""

    kind: Literal["points"] = "points"
    points: SomePoints | None = None


class DiscountGiven(Part):
    """A discount on one purchase: an amount or a share off, or a price instead, on a scope, to a ceiling."""

    kind: Literal["discount"] = "discount"
    amount_minor: SomeMinor | None = None
    off_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    price_minor: Minor | None = None
    """What each unit costs instead, where that is less."""
    units: Count | None = None
    """Only so many units, the dearest first; of an amount off each litre or kilogram so many of these."""
    measured: bool = False
    """Of what is weighed or measured kilograms or litres are counted, else it is one unit, whatever its quantity."""
    on: Scope = EVERYTHING
    cap_minor: SomeMinor | None = None
    least_minor: SomeMinor | None = None
    """What the goods that it is taken off must come to."""
    each_full: bool = False
    """Of several of them one is used for each full `least_minor`, else all at once."""
    one_a_purchase: bool = False
    """Of several of them one at most is used in a purchase, the one that takes off most."""
    per_unit: bool = False
    """The amount is off each unit: a piece, a litre, a kilogram."""
    without_promoted: bool = False
    """Not on units that an offer has lowered."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if sum(each is not None for each in (self.off_bp, self.amount_minor, self.price_minor)) > 1:
            raise PydanticCustomError("amount_or_share", "one of an amount, a share and a price")
        if self.measured and (self.units is None or (self.off_bp is None and self.price_minor is None)):
            raise PydanticCustomError("measured_units", "measured goes with units of a share or a price")
        if self.per_unit and self.amount_minor is None:
            raise PydanticCustomError("amount_a_unit", "per_unit goes with an amount")
        _each_of_what(self.least_minor, self.each_full, self.one_a_purchase)
        return self


class CouponGiven(Part):
    """Coupons of a batch; with a denomination as many as the amount reached makes whole."""

    kind: Literal["coupon"] = "coupon"
    batch: Code
    count: Number = 1
    denomination_minor: SomeMinor | None = None


def _each_of_what(least_minor: int | None, each_full: bool, one_a_purchase: bool) -> None:
    if each_full and least_minor is None:
        raise PydanticCustomError("each_full", "each_full goes with least_minor")
    if each_full and one_a_purchase:
        raise PydanticCustomError("one_or_each_full", "one_a_purchase or each_full, not both")


class CodeGiven(Part):
    """One personal code for a discount, used once; what it is worth beyond the basket is lost.

    With a denomination as many of it as the amount reached makes whole.
    """

    kind: Literal["code"] = "code"
    amount_minor: SomeMinor | None = None
    denomination_minor: SomeMinor | None = None
    on: Scope = EVERYTHING
    least_minor: SomeMinor | None = None
    """What the goods that it is taken off must come to."""
    each_full: bool = False
    """Of several of them one is used for each full `least_minor`, else all at once."""
    one_a_purchase: bool = False
    """Of several of them one at most is used in a purchase, the one that takes off most."""
    without_promoted: bool = False
    """Not on units that an offer has lowered."""

    @model_validator(mode="after")
    def _goes_with_least(self) -> Self:
        _each_of_what(self.least_minor, self.each_full, self.one_a_purchase)
        return self


class StoredValueGiven(Part):
    """Money on the member's gift account, a means of payment."""

    kind: Literal["stored_value"] = "stored_value"
    amount_minor: SomeMinor | None = None
    denomination_minor: SomeMinor | None = None


class GiftGiven(Part):
    """One of these products for nothing."""

    kind: Literal["gift"] = "gift"
    products: Annotated[tuple[Key, ...], Field(min_length=1, max_length=100)]
    quantity: Number = 1


class ServiceGiven(Part):
    """Something that people do or let, and no goods of a sale: an alteration, entry to an event, a pre-sale."""

    kind: Literal["service"] = "service"


class EntitlementGiven(Part):
    """So many uses of an entitlement of the programme."""

    kind: Literal["entitlement"] = "entitlement"
    entitlement: RuleCode
    count: Number = 1


class PayoutGiven(Part):
    """Money by bank transfer: a row of the payout list."""

    kind: Literal["payout"] = "payout"
    amount_minor: SomeMinor | None = None


class RenewalGiven(Part):
    """The next term of the membership, in place of the fee of renewing."""

    kind: Literal["renewal"] = "renewal"


class LevelGiven(Part):
    """A higher level, for so many months, else to the end of the term that is paid for."""

    kind: Literal["level"] = "level"
    level: Key
    months: Months | None = None


OfMembership = RenewalGiven | LevelGiven
"""What is done with the membership itself, so that there is nothing to be held or used."""
ForPoints = Annotated[
    DiscountGiven
    | CouponGiven
    | CodeGiven
    | StoredValueGiven
    | GiftGiven
    | EntitlementGiven
    | PayoutGiven
    | OfMembership,
    Field(discriminator="kind"),
]
"""What has a price in points: points themselves have none."""
Given = Annotated[
    PointsGiven
    | DiscountGiven
    | CouponGiven
    | CodeGiven
    | StoredValueGiven
    | GiftGiven
    | EntitlementGiven
    | PayoutGiven,
    Field(discriminator="kind"),
]


def is_held(gives: Given | OfMembership) -> bool:
    """Whether the member holds it until it is used, so that rewards of its kind can be too many."""
    return not isinstance(gives, PointsGiven | PayoutGiven | OfMembership)


def comes_in_pieces(gives: Given) -> bool:
    """Whether twice reached is two of it, and not one of twice the value."""
    match gives:
        case DiscountGiven():
            return gives.off_bp is not None or gives.price_minor is not None
        case CouponGiven():
            return gives.denomination_minor is None
        case _:
            return isinstance(gives, GiftGiven | EntitlementGiven)


def each_holds(gives: Given | OfMembership) -> int:
    """How many rewards one piece of it is."""
    return gives.count if isinstance(gives, CouponGiven | EntitlementGiven) else 1


class At(StrEnum):
    """When it is given: at once when reached, in the night after, or at the end of the period."""

    REACHED = "reached"
    NIGHT = "night"
    PERIOD_END = "period_end"


class Usable(StrEnum):
    """From when it can be used: at once, from the next purchase on, or from a day."""

    AT_ONCE = "at_once"
    NEXT_PURCHASE = "next_purchase"
    DAY = "day"


class Until(StrEnum):
    """A last day that the calendar says."""

    MONTH_END = "month_end"
    QUARTER_END = "quarter_end"
    HALF_YEAR_END = "half_year_end"
    YEAR_END = "year_end"
    TERM_END = "term_end"
    OCCASION_END = "occasion_end"
    """Of points for a birthday or an anniversary: the last of the days around it."""


class Use(Part):
    """From when to when what is given can be used, and how.

    Valid N days or months from D includes D + N; with `valid_until` beside them, to the end of the month, quarter,
    half-year, year or member's year in which that day lies. Where nothing says how long it is valid, it doesn't age.
    """

    usable: Usable = Usable.AT_ONCE
    usable_from: dt.date | None = None
    usable_after_days: SomeDays | None = None
    valid_days: SomeDays | None = None
    valid_months: Months | None = None
    valid_until: Until | None = None
    valid_to: dt.date | None = None
    """A last day of one year, such as that of a season."""
    automatic: bool = False
    """The till uses it by itself at the next purchase."""
    part_use: bool = False
    """What a purchase doesn't use up stays for the next."""

    @property
    def lengths(self) -> tuple[object, ...]:
        """What says until when it is valid; empty where it doesn't age."""
        said = (self.valid_days, self.valid_months, self.valid_until, self.valid_to)
        return tuple(each for each in said if each is not None)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        on = sum(each is not None for each in (self.valid_days, self.valid_months, self.valid_to))
        if on > 1 or (self.valid_until is not None and self.valid_to is not None):
            raise PydanticCustomError("one_validity", "one of valid_days, valid_months and valid_to")
        said = self.usable_from is not None or self.usable_after_days is not None
        if (self.usable is Usable.DAY) != said or (self.usable_from is not None and self.usable_after_days is not None):
            raise PydanticCustomError("usable_day", "usable: day goes with usable_from or usable_after_days")
        return self


class Giving(Use):
    """When what was reached is given: at once, in the night after, or at the end of the period; days later still.

    The period of an occasion, which has none of its own, is the calendar month.
    """

    at: At = At.REACHED
    after_days: Days = 0
    published_on: dt.date | None = None
    """What has gathered until then is published to all members on this day."""


class Issue(Giving):
    """When a period's reward is given; at the latest on `by_day_of_month` of the month after the period."""

    by_day_of_month: Annotated[int, Field(ge=1, le=28)] | None = None


USED_AT_ONCE, GIVEN_AT_ONCE, AT_ONCE = Use(), Giving(), Issue()


class AgeGrowth(Part):
    """What is given grows by so much with each year of age from `from_age` on, to a ceiling."""

    per_year_minor: SomeMinor
    from_age: Annotated[int, Field(ge=0, le=150)] = 0
    most_minor: SomeMinor | None = None


class YearDay(Part):
    """A day of every year."""

    month: Month
    day: Annotated[int, Field(ge=1, le=31)]

    @model_validator(mode="after")
    def _in_calendar(self) -> Self:
        if self.day > (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[self.month - 1]:
            raise PydanticCustomError("no_such_day", "there is no such day")
        return self
