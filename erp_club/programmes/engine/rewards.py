"""Rewards for what was bought in a period, and for occasions such as joining or a birthday."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.programmes.engine.gifts import AT_ONCE, GIVEN_AT_ONCE, AgeGrowth, Given, Giving, Issue
from erp_club.programmes.engine.parts import (
    ALWAYS,
    Age,
    Days,
    Event,
    Factor,
    Keys,
    Measure,
    Minor,
    Need,
    Number,
    Part,
    Period,
    Points,
    Round,
    RuleCode,
    Scope,
    SomeMinor,
    When,
)
from erp_club.promotions.engine.scope import Texts


class PercentStep(Part):
    """From so much on, this share."""

    from_amount: Annotated[int, Field(ge=0, le=1_000_000_000_000)]
    rate_bp: Annotated[int, Field(ge=0, le=10_000)]


class OnWhat(StrEnum):
    """Whether the rate that was reached is on the whole, or each step's on its own part."""

    WHOLE = "whole"
    EACH_STEP = "each_step"


class ByPercent(Part):
    """A share that grows in steps."""

    kind: Literal["percent"] = "percent"
    steps: Annotated[tuple[PercentStep, ...], Field(min_length=1, max_length=100)]
    on: OnWhat = OnWhat.WHOLE


class ThresholdStep(Part):
    """At so much, this value (minor units, or points where the form is points)."""

    at: Number
    value: Number


class Reached(StrEnum):
    """Whether the highest threshold alone gives, or each that was reached."""

    HIGHEST = "highest"
    EACH = "each"


class ByThreshold(Part):
    """Fixed values at thresholds: 100 points 5.00, 250 points 15.00."""

    kind: Literal["threshold"] = "threshold"
    steps: Annotated[tuple[ThresholdStep, ...], Field(min_length=1, max_length=100)]
    reached: Reached = Reached.HIGHEST


class ByEvery(Part):
    """For each full `every` so much value."""

    kind: Literal["every"] = "every"
    every: Number
    value: Number


class ByAverage(Part):
    """For each full `every` what these cost on average: the card of ten purchases that pays for the next."""

    kind: Literal["average"] = "average"
    every: Number


class ByRate(Part):
    """A rate that is declared for the period: a dividend. Without a figure it hasn't been declared yet."""

    kind: Literal["declared"] = "declared"
    rate_bp: Annotated[int, Field(ge=0, le=10_000)] | None = None
    declared_on: dt.date | None = None


Function = Annotated[ByPercent | ByThreshold | ByEvery | ByAverage | ByRate, Field(discriminator="kind")]


class Rest(StrEnum):
    """What becomes of what gave nothing: it is carried into the next period, or dropped."""

    CARRY = "carry"
    DROP = "drop"


class PaidOn(Part):
    """The step is measured on one base and paid on another: a share of it, or so many minor units a unit.

    `per_unit`: as many minor units for each unit as the percent reached.
    """

    measure: Measure
    per_unit: bool = False


class ExtraPart(Part):
    """A part of what was bought counts once towards the step, and is paid so many times."""

    code: RuleCode
    on: Scope | None = None
    when: When = ALWAYS
    times_bp: Factor = 20_000


class Late(StrEnum):
    """What becomes of purchases and returns that come in when their period has been settled, however long ago.

    The difference is settled with the next period, they count in the next one, or they are passed over.
    """

    SETTLE = "settle"
    NEXT = "next"
    IGNORE = "ignore"


class PastPeriods(Part):
    """A condition over several periods, the settled one the last: of so many, at least some reach a sum."""

    measure: Measure = Measure()
    at_least: Number
    periods: Annotated[int, Field(ge=1, le=60)]
    of_them: Annotated[int, Field(ge=1, le=60)] | None = None
    """How many must reach it each; without, all together."""

    @model_validator(mode="after")
    def _not_more(self) -> Self:
        if self.of_them is not None and self.of_them > self.periods:
            raise PydanticCustomError("more_than_periods", "of_them must not be above periods")
        return self


class PeriodReward(Part):
    """What a period brings: a function of what the account bought or earned in it, in a form, with rest and validity.

    `takes`: what gave the reward is taken off the points. `least_minor`: less isn't given; `most_minor`: never more.
    """

    code: RuleCode
    names: Texts = {}
    period: Period = Period()
    base: Measure = Measure()
    function: Function
    paid_on: PaidOn | None = None
    extras: Annotated[tuple[ExtraPart, ...], Field(max_length=20)] = ()
    gives: Given
    rounding: Round = Round.HALF_UP
    least_minor: SomeMinor | None = None
    most_minor: SomeMinor | None = None
    never_below_minor: SomeMinor | None = None
    """Where anything is given, so much at least."""
    rest: Rest = Rest.CARRY
    rest_at_year_end: Rest | None = None
    """What becomes of the rest at the end of the member's year, where that differs."""
    takes: bool = False
    needs: Annotated[tuple[PastPeriods, ...], Field(max_length=10)] = ()
    levels: Keys = ()
    member_at_end: bool = True
    when: When = ALWAYS
    """Of the purchase at which it is used."""
    late: Late = Late.SETTLE
    returns: Late = Late.SETTLE
    issue: Issue = AT_ONCE


class OccasionKind(StrEnum):
    """What brings an occasional reward."""

    JOINING = "joining"
    RENEWAL = "renewal"
    FIRST_PURCHASE = "first_purchase"
    BIRTHDAY = "birthday"
    RELATIVE_BIRTHDAY = "relative_birthday"
    ANNIVERSARY = "anniversary"
    MEMBERSHIP = "membership"
    """The day of joining, each year after the first."""
    REFERRER = "referrer"
    REFERRED = "referred"
    EVENT = "event"


DATED = frozenset(
    {
        OccasionKind.BIRTHDAY,
        OccasionKind.RELATIVE_BIRTHDAY,
        OccasionKind.ANNIVERSARY,
        OccasionKind.MEMBERSHIP,
    }
)
"""The occasions that come every year."""


class Around(Part):
    """Around a day that comes every year: days before and after it, or its month with months before and after."""

    days_before: Days = 0
    days_after: Days = 0
    whole_months: bool = False
    months_before: Annotated[int, Field(ge=0, le=5)] = 0
    months_after: Annotated[int, Field(ge=0, le=5)] = 0
    hebrew_calendar: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.whole_months and (self.days_before or self.days_after):
            raise PydanticCustomError("days_or_months", "days or whole months, not both")
        if not self.whole_months and (self.months_before or self.months_after):
            raise PydanticCustomError("days_or_months", "days or whole months, not both")
        if self.days_before + self.days_after > 340:
            raise PydanticCustomError("longer_than_year", "the days must leave a part of the year")
        return self


class Occasion(Part):
    """A reward for an occasion, each once: for a birthday or an anniversary in the days around it.

    Conditions: a balance, data given at joining or so many days before, months of membership, a first purchase.
    """

    code: RuleCode
    names: Texts = {}
    occasion: OccasionKind
    event: Event | None = None
    relatives: Annotated[tuple[Literal["spouse", "child", "parent", "other"], ...], Field(max_length=4)] = ()
    around: Around | None = None
    gives: Annotated[tuple[Given, ...], Field(min_length=1, max_length=10)]
    choose: bool = False
    """The member chooses one of them, else all are given."""
    growth: AgeGrowth | None = None
    from_age: Age | None = None
    to_age: Age | None = None
    """Only where whoever celebrates becomes at least, or at most, so old: a child up to twelve."""
    levels: Keys = ()
    least_points: Points = 0
    least_months: Annotated[int, Field(ge=0, le=1_200)] = 0
    known_at_joining: bool = False
    known_days_before: Days = 0
    needs: Annotated[tuple[Need, ...], Field(max_length=10)] = ()
    after_purchase_minor: Minor | None = None
    """For a referral: once the friend buys for this in one purchase."""
    when: When = ALWAYS
    """Of the purchase at which it is used."""
    most_per_year: Number | None = None
    issue: Giving = GIVEN_AT_ONCE

    @model_validator(mode="after")
    def _what_goes_with_it(self) -> Self:
        if (self.around is not None) != (self.occasion in DATED):
            raise PydanticCustomError("around_with_day", "around goes with birthdays and anniversaries")
        if (self.event is not None) != (self.occasion is OccasionKind.EVENT):
            raise PydanticCustomError("event_named", "event goes with occasion: event")
        return self
