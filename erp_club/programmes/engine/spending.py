"""What points are worth, what they buy, when they expire, and what becomes of them after returns."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.programmes.engine.gifts import USED_AT_ONCE, ForPoints, Use, YearDay
from erp_club.programmes.engine.parts import (
    ALWAYS,
    EVERYTHING,
    NOTHING,
    BasisPoints,
    Days,
    Every,
    Excluded,
    Key,
    Keys,
    Month,
    Months,
    Number,
    Part,
    Points,
    RuleCode,
    Scope,
    SomeDays,
    SomeMinor,
    SomePoints,
    When,
)
from erp_club.promotions.engine.scope import Texts


class Taxed(StrEnum):
    """What points are for VAT: a discount, or a means of payment."""

    DISCOUNT = "discount"
    MEANS = "means"


class Redemption(Part):
    """Points as money: `worth_points` pay `worth_minor`, in steps, within ceilings."""

    worth_points: SomePoints
    worth_minor: SomeMinor
    least_balance: Points = 0
    least_points: Points = 0
    step: SomePoints = 1
    most_points: SomePoints | None = None
    """In one purchase."""
    most_points_visit: SomePoints | None = None
    most_points_day: SomePoints | None = None
    most_minor: SomeMinor | None = None
    most_bp: BasisPoints = 10_000
    least_purchase_minor: SomeMinor | None = None
    whole_items: bool = False
    on: Scope = EVERYTHING
    excluded: Excluded = NOTHING
    when: When = ALWAYS
    automatic: bool = False
    """The till uses what there is by itself."""
    group: Key | None = None
    """Shares nothing with offers of this exclusive group."""
    vat: Taxed = Taxed.DISCOUNT


class Benefit(Part):
    """Something with a price in points.

    A discount, a gift or an amount is taken in the sale that it is for; where `issue` says when it can be used, and of
    all else, points are given for it at once, and it is the member's to use.
    """

    code: RuleCode
    names: Texts = {}
    points: SomePoints
    gives: ForPoints
    most_per_year: Number | None = None
    levels: Keys = ()
    when: When = ALWAYS
    issue: Use = USED_AT_ONCE


class Charity(Part):
    """Points can be given to a charity."""

    names: Texts
    least_points: SomePoints = 1
    step: SomePoints = 1


class Never(Part):
    """Points don't expire."""

    kind: Literal["never"] = "never"


class _Length(Part):
    """So many months, or days."""

    months: Months | None = None
    days: SomeDays | None = None
    to_month_end: bool = False
    """To the end of the month in which they are over."""

    @model_validator(mode="after")
    def _months_or_days(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise PydanticCustomError("months_or_days", "either months or days")
        return self


class MonthsAfter(_Length):
    """Points expire so many months, or days, after they were earned: to the day, or at the end of that month."""

    kind: Literal["months"] = "months"


class EachYear(Part):
    """Points expire on a day of the year: the next one after they were earned, or so many years later.

    With `of_calendar_year` those of a whole calendar year expire together, on that day of the year or of a later one.
    """

    kind: Literal["each_year"] = "each_year"
    last_day: YearDay
    years_after: Annotated[int, Field(ge=0, le=10)] = 0
    """0: on the next such day, or that of the year of earning; 1: on the one a year later."""
    of_calendar_year: bool = False


class MemberYearEnd(Part):
    """Points expire at the end of the member's year in which they were earned, or so many years later.

    With `whole_months` that year begins on the first of the month of joining.
    """

    kind: Literal["member_year"] = "member_year"
    years_after: Annotated[int, Field(ge=0, le=10)] = 0
    whole_months: bool = False


class PeriodEnd(Part):
    """Points of a month, quarter, half-year or year expire together: at its end, or so many periods later."""

    kind: Literal["period_end"] = "period_end"
    every: Literal[Every.MONTH, Every.QUARTER, Every.HALF_YEAR, Every.YEAR] = Every.HALF_YEAR
    starts_month: Month = 1
    periods_after: Annotated[int, Field(ge=0, le=100)] = 1

    @model_validator(mode="after")
    def _begins(self) -> Self:
        if self.every is Every.MONTH and self.starts_month != 1:
            raise PydanticCustomError("starts_month", "starts_month goes with quarters, half-years and years")
        return self


class Inactivity(_Length):
    """The whole balance expires so many months, or days, after the last purchase; each one starts the clock again."""

    kind: Literal["inactivity"] = "inactivity"


Expires = Annotated[
    Never | MonthsAfter | EachYear | MemberYearEnd | PeriodEnd | Inactivity, Field(discriminator="kind")
]


class LevelExpiry(Part):
    """Points that members on these levels earn expire so many months, or days, after that, or never, instead."""

    levels: Annotated[Keys, Field(min_length=1)]
    months: Months | None = None
    days: SomeDays | None = None
    to_month_end: bool = False

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.months is not None and self.days is not None:
            raise PydanticCustomError("months_or_days", "either months or days")
        if self.to_month_end and self.months is self.days is None:
            raise PydanticCustomError("to_month_end", "to_month_end goes with months or days")
        return self

    @property
    def rule(self) -> Never | MonthsAfter:
        """The same as the rule of all points would say it."""
        if self.months is self.days is None:
            return Never()
        return MonthsAfter(months=self.months, days=self.days, to_month_end=self.to_month_end)


class Expiry(Part):
    """When points expire, oldest first, and how many days before the member is told."""

    rule: Expires = Never()
    levels: Annotated[tuple[LevelExpiry, ...], Field(max_length=20)] = ()
    """By the level on the day of earning; a purchase that brings another one still earns by the one before."""
    warning_days: Days = 30


class Clawback(StrEnum):
    """What becomes of returned points that aren't there: a debt earned back first, off the refund, or let go.

    Where they are kept a return takes none at all.
    """

    DEBT = "debt"
    DEDUCT = "deduct"
    WRITE_OFF = "write_off"
    KEPT = "kept"


class Back(StrEnum):
    """What of redeemed points comes back with a return."""

    BACK = "back"
    BACK_IF_WHOLE = "back_if_whole"
    NEVER = "never"


class ExpiredBack(StrEnum):
    """What becomes of points that come back after they would have expired."""

    EXPIRED = "expired"
    NEW_DAYS = "new_days"


class Returns(Part):
    """What a return does to points."""

    clawback: Clawback = Clawback.DEBT
    redeemed: Back = Back.BACK
    expired: ExpiredBack = ExpiredBack.EXPIRED
    new_days: Annotated[int, Field(ge=1, le=3_660)] | None = None
    levels_fall: bool = True
    """Whether what was returned counts off the levels."""

    @model_validator(mode="after")
    def _days(self) -> Self:
        if (self.expired is ExpiredBack.NEW_DAYS) != (self.new_days is not None):
            raise PydanticCustomError("new_days", "new_days goes with expired: new_days")
        return self
