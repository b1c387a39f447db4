"""Who may join, how, for how long, at what fee; and who shares a membership."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.programmes.engine.gifts import YearDay
from erp_club.programmes.engine.parts import (
    Age,
    Days,
    Key,
    Keys,
    Measure,
    Minor,
    Months,
    Number,
    Part,
    Points,
    SomeDays,
    SomeMinor,
)


class Way(StrEnum):
    """How somebody joins."""

    REQUEST = "request"
    PURCHASE = "purchase"
    INVITATION = "invitation"


class Staff(StrEnum):
    """Whether people who work for the chain may join."""

    ALLOWED = "allowed"
    EXCLUDED = "excluded"
    ONLY = "only"


class Eligibility(Part):
    """Who may join. Below `guardian_below_age` a guardian must agree."""

    min_age: Age | None = None
    max_age: Age | None = None
    guardian_below_age: Age | None = None
    private_only: bool = False
    staff: Staff = Staff.ALLOWED
    countries: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], Field(max_length=100)] = ()
    required_data: Annotated[tuple[Key, ...], Field(max_length=30)] = ()
    """Fields of the opening form that must be known."""
    segments: Keys = ()
    not_with_clubs: Keys = ()
    """Clubs of which one can't be a member at the same time."""


class Begins(StrEnum):
    """When a membership begins to hold: at once, or when the fee is paid, or when it is confirmed by message."""

    AT_ONCE = "at_once"
    PAID = "paid"
    CONFIRMED = "confirmed"


class Joining(Part):
    """How to join. A purchase that joins counts in that same sale; an invitation is good for some days."""

    ways: Annotated[tuple[Way, ...], Field(min_length=1)] = (Way.REQUEST,)
    purchase_minor: SomeMinor | None = None
    purchase_of: Measure = Measure()
    invitation_days: SomeDays | None = None
    begins: Begins = Begins.AT_ONCE
    eligibility: Eligibility = Eligibility()

    @model_validator(mode="after")
    def _ways_and_their_figures(self) -> Self:
        if (Way.PURCHASE in self.ways) != (self.purchase_minor is not None):
            raise PydanticCustomError("purchase_with_way", "purchase_minor goes with the way purchase")
        return self


class MonthsTerm(Part):
    """A membership lasts so many months, or to the end of the month in which they are over."""

    kind: Literal["months"] = "months"
    months: Months
    to_month_end: bool = False


class DateTerm(Part):
    """A membership lasts until a day that comes every year, or until one fixed day."""

    kind: Literal["date"] = "date"
    each_year: YearDay | None = None
    last_day: dt.date | None = None
    least_days: Days = 0
    """Who joins later than so many days before the yearly end is a member until the one after it."""

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        if (self.each_year is None) == (self.last_day is None):
            raise PydanticCustomError("one_day", "either each_year or last_day")
        return self


class LifetimeTerm(Part):
    """A membership has no end."""

    kind: Literal["lifetime"] = "lifetime"


class SlidingTerm(Part):
    """A membership lasts so many months from each purchase anew, or to the end of the month in which they are over."""

    kind: Literal["sliding"] = "sliding"
    months: Months
    to_month_end: bool = False
    least_minor: SomeMinor | None = None
    """Only a purchase over this sum moves it."""


class AgeTerm(Part):
    """A membership lasts to the day before the member, or the youngest child known when joining, becomes so old."""

    kind: Literal["age"] = "age"
    age: Annotated[int, Field(ge=1, le=150)]
    of: Literal["member", "child"] = "member"


Term = Annotated[MonthsTerm | DateTerm | LifetimeTerm | SlidingTerm | AgeTerm, Field(discriminator="kind")]


class RenewedFrom(StrEnum):
    """Where a renewed term begins."""

    OLD_END = "old_end"
    TODAY = "today"


class RenewedBy(StrEnum):
    """What renews: the member asks, it happens by itself, or a purchase does."""

    REQUEST = "request"
    ITSELF = "itself"
    PURCHASE = "purchase"


class Renewal(Part):
    """How a membership goes on. Within the grace days a renewal counts as on time; benefits hold there only if said."""

    by: RenewedBy = RenewedBy.REQUEST
    begins: RenewedFrom = RenewedFrom.OLD_END
    months: Months | None = None
    """Where a renewal gives another length than joining."""
    earliest_days: Days | None = None
    """Not earlier than so many days before the end."""
    purchase_minor: SomeMinor | None = None
    grace_days: Days = 0
    benefits_in_grace: bool = False
    warning_days: Days = 30

    @model_validator(mode="after")
    def _purchase_with_way(self) -> Self:
        if (self.by is RenewedBy.PURCHASE) != (self.purchase_minor is not None):
            raise PydanticCustomError("purchase_with_renewal", "purchase_minor goes with by: purchase")
        return self


class WaiverStep(Part):
    """From this sum on a share of the fee is waived, or it is so much instead."""

    at_least_minor: SomeMinor
    off_bp: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    fee_minor: Minor | None = None
    """What it costs from here on, in place of a share."""

    @model_validator(mode="after")
    def _share_or_fee(self) -> Self:
        if self.fee_minor is not None and self.off_bp != 10_000:
            raise PydanticCustomError("share_or_fee", "off_bp or fee_minor, not both")
        return self


class Waiver(WaiverStep):
    """A fee is nothing, or less, where purchases reach a sum; `steps` are further sums, each of which waives more.

    For renewing count those of the ending term, net of returns, without fees, up to the renewal. For joining counts the
    sale in which one joins, at the prices before any list or offer, since joining may bring these.
    """

    of: Measure = Measure()
    steps: Annotated[tuple[WaiverStep, ...], Field(max_length=20)] = ()


class Refund(StrEnum):
    """What of a fee comes back when a membership is ended."""

    NEVER = "never"
    PRO_RATA = "pro_rata"
    WHOLE = "whole"


class LevelFee(Part):
    """What a paid level costs instead of the usual fee; an upgrade within the term costs the difference."""

    level: Key
    joining_minor: Minor = 0
    renewal_minor: Minor = 0
    upgrade_pro_rata: bool = True
    """The difference for the days that are left, else the whole of it."""


class SegmentFee(Part):
    """What those of a list of customers pay instead of the usual fee: students, or holders of the chain's card."""

    segments: Annotated[Keys, Field(min_length=1)]
    joining_minor: Minor = 0
    renewal_minor: Minor = 0


class TermFee(Part):
    """Another length that one may choose when joining or renewing, and what that costs in place of the usual one.

    At a paid `level`, it is that level's price; with `segments`, it is for these customers alone. Of several that fit
    somebody, the lowest.
    """

    months: Months
    joining_minor: Minor = 0
    renewal_minor: Minor = 0
    level: Key | None = None
    segments: Keys = ()
    waived: bool = True
    """Whether purchases that waive the usual fee, or a part of it, waive this one too."""


class Instalments(Part):
    """The fee may be paid in parts: so much at joining, the rest withheld from period rewards.

    With `within_months` only from those of periods that end so many months after joining at the latest; what is missing
    then is let go.
    """

    first_minor: Minor
    within_months: Months | None = None


class Fees(Part):
    """What membership costs, as products sold at the till."""

    joining_minor: Minor = 0
    renewal_minor: Minor = 0
    joining_product: Key | None = None
    renewal_product: Key | None = None
    """Else renewing is sold as joining is."""
    joining_waiver: Waiver | None = None
    """By what the sale comes to in which one joins."""
    waiver: Waiver | None = None
    """Of renewing, by what the ending term has bought."""
    refund: Refund = Refund.NEVER
    refund_days: SomeDays | None = None
    """Within so many days of paying it comes back wholly."""
    deposit: bool = False
    """A share that stays the member's own and comes back on leaving."""
    instalments: Instalments | None = None
    levels: Annotated[tuple[LevelFee, ...], Field(max_length=20)] = ()
    segments: Annotated[tuple[SegmentFee, ...], Field(max_length=20)] = ()
    """Of several that fit somebody, the lowest."""
    terms: Annotated[tuple[TermFee, ...], Field(max_length=20)] = ()


class Who(StrEnum):
    """All persons of a household, or the main member alone."""

    ALL = "all"
    MAIN = "main"


class Redeems(StrEnum):
    """Who uses the points of a household: all, the main member alone, or those whom the main member names."""

    ALL = "all"
    MAIN = "main"
    NAMED = "named"


class Leaver(StrEnum):
    """What somebody who leaves a household takes along."""

    NOTHING = "nothing"
    EQUAL_SHARE = "equal_share"
    OWN_EARNED = "own_earned"


class Household(Part):
    """Several persons on one account, the main member among them."""

    most_persons: Annotated[int, Field(ge=2, le=100)]
    same_address: bool = False
    one_per_household: bool = False
    invitation_days: SomeDays | None = None
    min_age: Age | None = None
    sees: Who = Who.ALL
    redeems: Redeems = Redeems.ALL
    leaver: Leaver = Leaver.NOTHING
    year_of_main: bool = True
    """The main member's year counts, else each person's own."""
    shared_level: bool = True


class Outcome(StrEnum):
    """What becomes of points or coupons: kept, frozen and revived on renewal, dropped, or converted."""

    KEEP = "keep"
    FREEZE = "freeze"
    DROP = "drop"
    CONVERT = "convert"


class Conversion(Part):
    """Points become other points, or money: `from_points` are worth `to_points` or `to_minor`; the rest is dropped."""

    from_points: Number
    to_points: Points | None = None
    to_minor: Minor | None = None
    to_club: Key | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.to_points is None) == (self.to_minor is None):
            raise PydanticCustomError("one_target", "either to_points or to_minor")
        return self


class Fate(Part):
    """What becomes of a membership's points and coupons."""

    points: Outcome = Outcome.KEEP
    coupons: Outcome = Outcome.KEEP
    freeze_months: Months | None = None
    conversion: Conversion | None = None

    @model_validator(mode="after")
    def _figures(self) -> Self:
        if (Outcome.FREEZE in {self.points, self.coupons}) != (self.freeze_months is not None):
            raise PydanticCustomError("freeze_months", "freeze_months goes with freeze")
        if (self.points is Outcome.CONVERT) != (self.conversion is not None):
            raise PydanticCustomError("conversion_with_convert", "conversion goes with points: convert")
        if self.coupons is Outcome.CONVERT:
            raise PydanticCustomError("coupons_convert", "coupons are kept, frozen or dropped")
        return self
