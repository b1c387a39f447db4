"""Levels: what reaches them, how long they are kept, and what they give."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.engine.gifts import (
    GIVEN_AT_ONCE,
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    EntitlementGiven,
    GiftGiven,
    Given,
    Giving,
    PayoutGiven,
    PointsGiven,
    ServiceGiven,
    StoredValueGiven,
)
from erp_club.programmes.engine.parts import (
    ALWAYS,
    Days,
    Every,
    Key,
    Keys,
    Measure,
    Months,
    Need,
    Number,
    Part,
    Period,
    RuleCode,
    SomeMinor,
    SomeMinutes,
    When,
)
from erp_club.promotions.engine.scope import Texts

Entitled = Annotated[
    PointsGiven
    | DiscountGiven
    | CouponGiven
    | CodeGiven
    | StoredValueGiven
    | GiftGiven
    | EntitlementGiven
    | PayoutGiven
    | ServiceGiven,
    Field(discriminator="kind"),
]
"""What a use of an entitlement is: what rules give, or a service."""


class Entitlement(Part):
    """What a membership, or its levels, gives directly: so many uses a period, each of them this.

    A discount without a count is taken off each purchase; with one the cashier chooses it. `when` is of the purchase
    that a discount is taken off. `only_given`: a member has those uses alone that a rule gave, as for joining, renewing
    or a level.
    """

    code: RuleCode
    names: Texts = {}
    gives: Entitled
    count: Number | None = None
    period: Period = Period(every=Every.MONTH)
    levels: Keys = ()
    channels: Keys = ()
    when: When = ALWAYS
    only_given: bool = False
    whole_day: bool = False
    """A use of a discount is a day of the member's own choosing: it is taken off all that is bought on it."""
    apart_minutes: SomeMinutes | None = None
    """Not within so many minutes of the member's last use of it."""
    most_minor_month: SomeMinor | None = None
    """The most that a discount takes off in a calendar month, less what came back in it."""
    most_base_month: SomeMinor | None = None
    """The most that is bought with a percentage off in a calendar month."""
    most_units_month: Number | None = None
    """The most units, such as litres, that have an amount off each in a calendar month."""

    @property
    def most_month(self) -> int | None:
        """The most that it takes off for a member in a calendar month, whichever way that is said."""
        of, gives = [self.most_minor_month], self.gives
        if isinstance(gives, DiscountGiven) and gives.off_bp is not None and self.most_base_month is not None:
            of.append(round_div(self.most_base_month * gives.off_bp, 10_000, Rounding.HALF_UP))
        if isinstance(gives, DiscountGiven) and gives.per_unit and self.most_units_month is not None:
            of.append(self.most_units_month * (gives.amount_minor or 0))
        return min((each for each in of if each), default=None)


class Each(StrEnum):
    """How often staying on a level gives: as each window of the levels begins, or after each twelve months on it."""

    WINDOW = "window"
    TWELVE_MONTHS = "twelve_months"


class Staying(Part):
    """What whoever stays on a level is given, again and again."""

    gives: Annotated[tuple[Given, ...], Field(min_length=1, max_length=10)]
    each: Each = Each.WINDOW


class Level(Part):
    """A level. Reached by `at_least` of the levels' measure together with each of `also`, or by one of `instead`,
    or by `after_months` alone.

    The lowest has 0 or nothing: who joins has it. `by_hand` is given by people alone.
    """

    code: Key
    names: Texts = {}
    at_least: Annotated[int, Field(ge=0, le=1_000_000_000_000)] | None = None
    also: Annotated[tuple[Need, ...], Field(max_length=10)] = ()
    instead: Annotated[tuple[Need, ...], Field(max_length=10)] = ()
    after_months: Months | None = None
    """Reached as well by so many months of membership."""
    by_hand: bool = False
    keep_at_least: Number | None = None
    """To keep it less may be enough."""
    gives: Annotated[tuple[Given, ...], Field(max_length=10)] = ()
    """Given when it is reached."""
    staying: Staying | None = None

    @model_validator(mode="after")
    def _a_way_to_it(self) -> Self:
        if self.by_hand and (self.at_least is not None or self.also or self.instead or self.after_months):
            raise PydanticCustomError("by_hand_alone", "a level given by hand has no figures")
        if self.also and self.at_least is None:
            raise PydanticCustomError("also_with_figure", "also goes with at_least")
        return self


class Up(StrEnum):
    """When a level that was reached holds."""

    AT_ONCE = "at_once"
    NEXT_DAY = "next_day"
    NEXT_PERIOD = "next_period"


class Keep(StrEnum):
    """How long a level is kept from when it was reached, or reached again.

    While the figure holds; to the end of the window; through the next window; some months; some months from the last
    day on which anything counted; or for ever.
    """

    WHILE = "while"
    WINDOW_END = "window_end"
    NEXT_WINDOW = "next_window"
    MONTHS = "months"
    SINCE_LAST = "since_last"
    EVER = "ever"


class Down(StrEnum):
    """Where a level falls that isn't kept: one step, or to what is reached."""

    ONE = "one"
    REACHED = "reached"


class Milestone(Part):
    """A reward on the way: at so much of the measure, once a window, or for each so much."""

    code: RuleCode
    at: Number
    every: bool = False
    gives: Annotated[tuple[Given, ...], Field(min_length=1, max_length=10)]
    issue: Giving = GIVEN_AT_ONCE


class Carry(Part):
    """Of what a window counts above the figure of the level that it reached, a share counts in the next one too."""

    share_bp: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    most: Number | None = None
    """At most so much."""


class Levels(Part):
    """The levels from the lowest to the highest, and how one moves among them."""

    measure: Measure = Measure()
    window: Period = Period(every=Every.YEAR)
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20)]
    up: Up = Up.AT_ONCE
    keep: Keep = Keep.NEXT_WINDOW
    keep_months: Months | None = None
    keep_to_month_end: bool = False
    """To the end of the month in which these months are over."""
    grace_days: Days = 0
    """So many days longer a level holds that isn't kept, in which it can still be reached again."""
    down: Down = Down.ONE
    milestones: Annotated[tuple[Milestone, ...], Field(max_length=50)] = ()
    restart: Literal["never", "reached"] = "never"
    """Whether what was counted begins again at 0 when a level is reached."""
    carry: Carry | None = None
    """What was more than needed counts on in the next window."""

    @model_validator(mode="after")
    def _months_with_keep(self) -> Self:
        if (self.keep in {Keep.MONTHS, Keep.SINCE_LAST}) != (self.keep_months is not None):
            raise PydanticCustomError("keep_months", "keep_months goes with keep: months or since_last")
        if self.keep_to_month_end and self.keep_months is None:
            raise PydanticCustomError("keep_to_month_end", "keep_to_month_end goes with keep_months")
        return self
