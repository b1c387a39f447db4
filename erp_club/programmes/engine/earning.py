"""How points are earned: one small typed object a rule, told apart by `kind`."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.programmes.engine.parts import (
    ALWAYS,
    EVERYTHING,
    NOTHING,
    Days,
    Event,
    Every,
    Excluded,
    Factor,
    Keys,
    Milli,
    Minor,
    Number,
    Part,
    Period,
    Points,
    Round,
    RuleCode,
    Scope,
    SomeDays,
    SomeMinor,
    SomeMinutes,
    SomePoints,
    When,
)
from erp_club.promotions.engine.scope import Texts

ONE = 1_000
"""One unit, in thousandths."""


class Stands(StrEnum):
    """Whether a rule is one of those of which a line earns by the first that fits, or comes on top."""

    INSTEAD = "instead"
    ON_TOP = "on_top"


class EarnRule(Part):
    """What all earning rules have. A line earns by the first rule of `instead` that fits it, and by each `on_top`.

    `most_points` is a ceiling for one receipt, `most_points_day` for one day, `most_points_month` for a calendar month.
    """

    code: RuleCode
    names: Texts = {}
    on: Scope = EVERYTHING
    excluded: Excluded = NOTHING
    means: Keys = ()
    """Only the part paid with these means."""
    when: When = ALWAYS
    stands: Stands = Stands.INSTEAD
    most_points: SomePoints | None = None
    most_points_day: SomePoints | None = None
    most_points_month: SomePoints | None = None
    apart_minutes: SomeMinutes | None = None
    """Not within so many minutes of the member's last purchase by which it gave points."""


class Reach(StrEnum):
    """Which rate a purchase earns that crosses a step: each part its own, or the whole the rate before or after it."""

    EACH_PART = "each_part"
    BEFORE = "before"
    AFTER = "after"


class RateStep(Part):
    """From this much bought in the period on, so many points instead."""

    from_minor: SomeMinor
    points: Points


class Growing(Part):
    """The rate grows with what the member has bought, as this rule counts it, in a period so far."""

    period: Period = Period(every=Every.YEAR)
    steps: Annotated[tuple[RateStep, ...], Field(min_length=1, max_length=50)]
    reach: Reach = Reach.EACH_PART


class PerMoney(EarnRule):
    """So many points for an amount of money; with `full`, only for each full one."""

    kind: Literal["money"] = "money"
    points: Points
    per_minor: SomeMinor = 100
    full: bool = False
    least_minor: SomeMinor | None = None
    """Nothing where what counts comes to less."""
    growing: Growing | None = None


class Band(Part):
    """From this amount on, so many points; with `per_minor`, so many for each full one."""

    from_minor: Minor
    points: Points
    per_minor: SomeMinor | None = None


class PerTable(EarnRule):
    """A table of receipt amounts stands for a rate: the highest band that the amount reaches gives."""

    kind: Literal["table"] = "table"
    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=100)]


class VisitIs(StrEnum):
    """What counts as one visit: a receipt, or all receipts of a store and day."""

    RECEIPT = "receipt"
    DAY = "day"


class PerVisit(EarnRule):
    """So many points for a visit on which anything of the scope is bought (for at least a sum)."""

    kind: Literal["visit"] = "visit"
    points: SomePoints
    visit: VisitIs = VisitIs.RECEIPT
    least_minor: SomeMinor | None = None


class PerUnit(EarnRule):
    """So many points for a quantity: a piece, a litre, a kilogram; with `full`, only for each full one."""

    kind: Literal["unit"] = "unit"
    points: SomePoints
    per_milli: Milli = ONE
    full: bool = True


class Multiplied(EarnRule):
    """What other rules give on the scope, so many times: 20000 doubles, 0 cancels."""

    kind: Literal["times"] = "times"
    factor_bp: Factor
    stands: Stands = Stands.ON_TOP


class Extra(EarnRule):
    """Some points more, once a receipt."""

    kind: Literal["extra"] = "extra"
    points: SomePoints
    stands: Stands = Stands.ON_TOP


Rule = Annotated[PerMoney | PerTable | PerVisit | PerUnit | Multiplied | Extra, Field(discriminator="kind")]


class WhenReturned(StrEnum):
    """What becomes of an event's points where the purchase that it is about comes back.

    They are kept, go with the whole purchase, or with the first thing of it that comes back.
    """

    KEPT = "kept"
    WHOLE = "whole"
    ANY = "any"


class EventPoints(Part):
    """Points for an event that is sent over the API, or that the product tells of itself.

    The product tells `joining`, `renewal`, `first_purchase`, and, of a friend that somebody has brought, `referral` to
    the one who brought and `referred` to the friend. `once` is in all, for each thing that the event names (an order,
    a friend), or each time.
    """

    code: RuleCode
    names: Texts = {}
    event: Event
    points: SomePoints
    per_minor: SomeMinor | None = None
    """So many points for each so much of the purchase that the event is about, instead of so many in all."""
    once: Literal["ever", "subject", "day", "year", "no"] = "subject"
    most_times: Number | None = None
    within_days: SomeDays | None = None
    """At the latest so many days after the purchase that it belongs to."""
    after_purchase_minor: Minor | None = None
    """For a referral: once the friend buys for this in one purchase."""
    returned: WhenReturned = WhenReturned.KEPT
    when: When = ALWAYS


class Several(StrEnum):
    """What several multiples on one line come to: the highest, all added, or each of the other."""

    HIGHEST = "highest"
    ADDED = "added"
    MULTIPLIED = "multiplied"


class Availability(Part):
    """When earned points can be used: at once, after some days, or on an event such as delivery."""

    after_days: Days = 0
    on_event: Event | None = None
    next_purchase: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.on_event is not None and self.next_purchase:
            raise PydanticCustomError("event_or_purchase", "on_event or next_purchase, not both")
        return self


class Late(Part):
    """A purchase made without the card can be registered so many days later by its receipt, once."""

    days: SomeDays
    most_per_month: Number | None = None


class Earning(Part):
    """All of it. Rounded once a receipt, then allocated to its lines."""

    rules: Annotated[tuple[Rule, ...], Field(max_length=200)] = ()
    excluded: Excluded = NOTHING
    """Passed over by every rule, and `means` with what they pay."""
    rounding: Round = Round.DOWN
    several: Several = Several.HIGHEST
    most_points: SomePoints | None = None
    most_points_day: SomePoints | None = None
    most_points_month: SomePoints | None = None
    payer_only: bool = False
    """Only where the member is the one who pays."""
    before_discounts: bool = False
    """On what the goods cost before offers, else on what was paid for them."""
    before_points: bool = False
    """On what points pay as well, else on what was paid otherwise."""
    without_vat: bool = False
    """On amounts without VAT; what a rule asks of the whole receipt is still asked with it."""
    events: Annotated[tuple[EventPoints, ...], Field(max_length=100)] = ()
    available: Availability = Availability()
    late: Late | None = None


class Counter(Part):
    """Points of another kind, that buy nothing: what levels and rewards may count. Earned by rules of its own."""

    code: RuleCode
    names: Texts = {}
    rules: Annotated[tuple[Rule, ...], Field(max_length=50)] = ()
    events: Annotated[tuple[EventPoints, ...], Field(max_length=50)] = ()
    rounding: Round = Round.DOWN
