"""The small words of a programme: its numbers, when a rule holds, what it looks at, and over which period.

Amounts are in minor units with tax, quantities in thousandths, rates in basis points (700 = 7 %). Points are counted in
the smallest part of the account's unit: where stamps come in halves, 1 is half a stamp. Days and hours are the store's;
first and last day are included.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from erp_club.promotions.engine.conditions import StoreTime
from erp_club.promotions.engine.dates import ListOfDays
from erp_club.promotions.engine.scope import (
    EVERYTHING,
    MOST_MINOR,
    BasisPoints,
    Code,
    Key,
    Keys,
    Minor,
    Part,
    Question,
    Scope,
)

__all__ = ["EVERYTHING", "BasisPoints", "Code", "Key", "Keys", "Minor", "Part", "Scope"]

MOST_POINTS = 10_000_000_000
MOST_MONTHS = 1_200
MOST_DAYS = 3_660
Points = Annotated[int, Field(ge=0, le=MOST_POINTS)]
SomePoints = Annotated[int, Field(ge=1, le=MOST_POINTS)]
SomeMinor = Annotated[int, Field(ge=1, le=MOST_MINOR)]
Milli = Annotated[int, Field(ge=1, le=1_000_000_000)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
SomeDays = Annotated[int, Field(ge=1, le=MOST_DAYS)]
BirthdayDays = Annotated[int, Field(ge=0, le=180)]
Months = Annotated[int, Field(ge=1, le=MOST_MONTHS)]
SomeMinutes = Annotated[int, Field(ge=1, le=MOST_DAYS * 1_440)]
Age = Annotated[int, Field(ge=0, le=150)]
Number = Annotated[int, Field(ge=1, le=1_000_000_000)]
Month = Annotated[int, Field(ge=1, le=12)]
DayOfMonth = Annotated[int, Field(ge=1, le=31)]
Factor = Annotated[int, Field(ge=0, le=1_000_000, multiple_of=10)]
"""A multiple in basis points: 20000 doubles, 0 cancels."""
RuleCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
Event = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,49}$")]
LongTexts = Annotated[
    dict[Literal["en", "he", "fi", "sv"], Annotated[str, Field(max_length=20_000)]], Field(max_length=4)
]


class Round(StrEnum):
    """How a part of a point becomes whole."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half_up"


class Birthday(StrEnum):
    """How near the member's birthday must be: the day itself, its calendar week (from Monday), or its month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class When(Part):
    """When a rule holds: everything that is named here must be so; nothing named is always."""

    first_day: dt.date | None = None
    last_day: dt.date | None = None
    weekdays: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(max_length=7)] = ()
    month_days: Annotated[tuple[DayOfMonth, ...], Field(max_length=31)] = ()
    days: ListOfDays = ()
    """Only on these days: `2027-04-21` once, `12-24` every year, `12-01/12-31` from the one to the other."""
    without_days: ListOfDays = ()
    """Not on these days, said in the same way."""
    from_time: StoreTime | None = None
    to_time: StoreTime | None = None
    """From `from_time` on and before `to_time`, over midnight where that is the earlier one."""
    stores: Keys = ()
    without_stores: Keys = ()
    channels: Keys = ()
    levels: Keys = ()
    segments: Keys = ()
    birthday: Birthday | None = None
    birthday_before: BirthdayDays = 0
    birthday_after: BirthdayDays = 0
    """So many days before and after the day itself as well, over the turn of the year too."""
    least_minor: SomeMinor | None = None
    """What the receipt comes to at least."""
    most_minor: SomeMinor | None = None
    first_purchase: Number | None = None
    """From this number of the member's purchases on (1 is the first ever), `last_purchase` the last one."""
    last_purchase: Number | None = None
    joined_within_days: Days | None = None
    """Only so many days from joining; day D + N is included."""
    joined_for_days: SomeDays | None = None
    """Not before so many days after joining: with 1 from the day after on."""
    min_age: Age | None = None
    max_age: Age | None = None
    child_min_age: Age | None = None
    child_max_age: Age | None = None
    """The member has a child of such an age, as far as it is known; with 1 as the highest, one under two."""
    means: Keys = ()
    """Paid at least in part with one of these."""
    without_means: Keys = ()
    """Nothing of it paid with one of these; for `points`, none used in the purchase."""
    confirm: Question | None = None
    """Something the cashier confirms, such as a party of two."""

    @model_validator(mode="after")
    def _both_hours(self) -> Self:
        if (self.from_time is None) != (self.to_time is None):
            raise PydanticCustomError("both_hours", "from_time and to_time go together")
        if (self.birthday_before or self.birthday_after) and self.birthday is not Birthday.DAY:
            raise PydanticCustomError("days_of_birthday", "birthday_before and birthday_after go with birthday: day")
        return self


ALWAYS = When()


class Excluded(Part):
    """What a rule passes over: lines of these, lines sold below the regular price, and what these means paid."""

    products: Keys = ()
    groups: Keys = ()
    departments: Keys = ()
    brands: Keys = ()
    kinds: Keys = ()
    price_lists: Keys = ()
    reduced: bool = False
    """Lines that a price list, or the product itself, sells below the regular price."""
    promoted: bool = False
    """Lines that an offer has touched."""
    means: Keys = ()


NOTHING = Excluded()


class Counts(StrEnum):
    """What a measure counts: money paid (minor units), points that came in (not those spent), receipts, days with a
    receipt, units (thousandths), a counter of the programme, or the points on the account that can be used."""

    SPEND = "spend"
    POINTS = "points"
    PURCHASES = "purchases"
    VISITS = "visits"
    UNITS = "units"
    COUNTER = "counter"
    BALANCE = "balance"


class Measure(Part):
    """What is counted of what a member bought, net of returns: on which goods, when, and paid how."""

    counts: Counts = Counts.SPEND
    counter: RuleCode | None = None
    on: Scope = EVERYTHING
    excluded: Excluded = NOTHING
    means: Keys = ()
    """Only the part paid with these."""
    when: When = ALWAYS

    @model_validator(mode="after")
    def _named_counter(self) -> Self:
        if (self.counts is Counts.COUNTER) != (self.counter is not None):
            raise PydanticCustomError("counter_named", "counter goes with counts: counter")
        return self


class Every(StrEnum):
    """The kinds of period: by the calendar, by the member's own year or term, up to declared days, or without end."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    MEMBER_YEAR = "member_year"
    TERM = "term"
    DECLARED = "declared"
    ROLLING = "rolling"
    EVER = "ever"


class Period(Part):
    """Over which days something is summed up.

    `starts_month` moves the beginning of years, half-years and quarters; `months`, or `last_days`, is the length of a
    rolling window that ends with the day asked about; `days` are the declared last days. With `whole_months` the
    member's year begins on the first of the month of joining, else on the day.
    """

    every: Every = Every.MONTH
    starts_month: Month = 1
    whole_months: bool = False
    months: Months | None = None
    last_days: SomeDays | None = None
    days: Annotated[tuple[dt.date, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _what_goes_with_it(self) -> Self:
        lengths = sum(each is not None for each in (self.months, self.last_days))
        if lengths != int(self.every is Every.ROLLING):
            raise PydanticCustomError("months_with_rolling", "months, or last_days, goes with every: rolling")
        if (self.every is Every.DECLARED) != bool(self.days):
            raise PydanticCustomError("days_with_declared", "days goes with every: declared")
        if self.starts_month != 1 and self.every not in {Every.QUARTER, Every.HALF_YEAR, Every.YEAR}:
            raise PydanticCustomError("starts_month", "starts_month goes with quarters, half-years and years")
        if self.whole_months and self.every is not Every.MEMBER_YEAR:
            raise PydanticCustomError("whole_months", "whole_months goes with the member's year")
        if any(later <= earlier for earlier, later in zip(self.days, self.days[1:], strict=False)):
            raise PydanticCustomError("days_in_order", "days must be in order")
        return self


class Need(Part):
    """So much of a measure within a period (else within the rule's own)."""

    measure: Measure = Measure()
    at_least: Number
    period: Period | None = None
