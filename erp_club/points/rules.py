"""What a club says about its points, as facts, and what follows. Pure: amounts in minor units, points whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import gcd

from erp_club.kernel.dates import add_months, anniversary_before, day_in, month_end
from erp_club.kernel.money import Rounding, round_div


def points_for(amount_minor: int, earn_points: int, earn_per_minor: int) -> int:
    """`earn_points` for each full `earn_per_minor` of the amount; 0 for nothing paid or money back.

    Rounded down once: 19.99 at 1 point for each 10.00 earn 1. `earn_points` ≥ 0, `earn_per_minor` > 0.
    """
    return round_div(max(amount_minor, 0), earn_per_minor, Rounding.DOWN) * earn_points


def worth_of(points: int, worth_points: int, worth_minor: int) -> int:
    """What a balance is worth at `worth_minor` for `worth_points` (> 0): rounded down in size, below zero too."""
    return round_div(points * worth_minor, worth_points, Rounding.DOWN)


class ExpiryKind(StrEnum):
    """When points expire (P-09)."""

    NEVER = "never"
    MONTHS = "months"
    """`months`, and `days`, after the day of earning, that day included."""
    MONTHS_END = "months_end"
    """At the end of the month in which the above would be."""
    YEARLY = "yearly"
    """On `day` of `month`, the first such day that is at least `months` after the day of earning."""
    CALENDAR_YEAR = "calendar_year"
    """On `day` of `month` of the year that is `months` after the one of earning."""
    MEMBER_YEAR = "member_year"
    """On the last day of the member's year, counted from joining, or of the one that is `months` later."""
    MEMBER_YEAR_MONTH = "member_year_month"
    """The same of a year that begins on the first of the month of joining."""
    PERIOD_END = "period_end"
    """`months` from the beginning of the period of `day` months in which they were earned, one of which begins with
    `month`."""
    INACTIVITY = "inactivity"
    """The whole balance at once, `months`, and `days`, after the latest purchase, that day included."""
    INACTIVITY_END = "inactivity_end"
    """The same at the end of the month in which that day lies."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When points expire. Days are included: points may be used on their last day."""

    kind: ExpiryKind = ExpiryKind.NEVER
    months: int = 0
    month: int = 12
    day: int = 31
    days: int = 0


NEVER = Expiry()


@dataclass(frozen=True, slots=True)
class Terms:
    """What points carry along from the day they are earned, under the version of the rules that gave them.

    They may be used `available_after_days` later (0: at once), or once the event `waits_for` is told, whatever the
    days; earlier they are pending.
    """

    version: int = 1
    available_after_days: int = 0
    waits_for: str | None = None
    expiry: Expiry = NEVER
    by_level: tuple[tuple[str, Expiry], ...] = ()
    """When points expire that somebody on a level earned; under no name those of who has none yet."""

    def on_level(self, level: str | None) -> "Terms":
        """The terms of who stands on a level."""
        return replace(self, expiry=dict(self.by_level).get(level or "", self.expiry)) if self.by_level else self


@dataclass(frozen=True, slots=True)
class Bucket:
    """What points of one lot have in common: those of an account that are alike in all of this are one lot.

    `available_on` is None where they wait for the event `waits_for`; `earned_month` (its first day) is there only for
    points that never expire, so that these keep an age.
    """

    available_on: dt.date | None
    last_day: dt.date | None
    rule_version: int
    earned_month: dt.date | None
    waits_for: str | None = None


def bucket(terms: Terms, earned_on: dt.date, *, joined_on: dt.date | None = None) -> Bucket:
    """The lot to which points go that are earned on this day; `joined_on` is needed for the member's year.

    Points that may be used at once count as available from the first of their month: a day of its own would only make
    a lot of each day. Raises ValueError where the last day would be beyond the calendar.
    """
    last = last_day(terms.expiry, earned_on, joined_on=joined_on)
    month = earned_on.replace(day=1)
    if terms.waits_for is not None:
        available_on = None
    elif terms.available_after_days:
        available_on = earned_on + dt.timedelta(days=terms.available_after_days)
    else:
        available_on = month
    return Bucket(available_on, last, terms.version, None if last else month, terms.waits_for)


def last_day(expiry: Expiry, earned_on: dt.date, *, joined_on: dt.date | None = None) -> dt.date | None:
    """The last day, included, on which points earned on this day may be used; None where no day is set for them."""
    match expiry.kind:
        case ExpiryKind.NEVER | ExpiryKind.INACTIVITY | ExpiryKind.INACTIVITY_END:
            return None
        case ExpiryKind.MONTHS:
            return _after(expiry, earned_on)
        case ExpiryKind.MONTHS_END:
            return month_end(_after(expiry, earned_on))
        case ExpiryKind.YEARLY:
            least = add_months(earned_on, expiry.months)
            this = day_in(least.year, expiry.month, expiry.day)
            return this if this >= least else day_in(least.year + 1, expiry.month, expiry.day)
        case ExpiryKind.CALENDAR_YEAR:
            return day_in(earned_on.year + expiry.months // 12, expiry.month, expiry.day)
        case ExpiryKind.MEMBER_YEAR | ExpiryKind.MEMBER_YEAR_MONTH:
            joined = joined_on or earned_on
            begins = joined if expiry.kind is ExpiryKind.MEMBER_YEAR else joined.replace(day=1)
            end = member_year_end(begins, earned_on)
            return add_months(end + dt.timedelta(days=1), expiry.months) - dt.timedelta(days=1)
        case ExpiryKind.PERIOD_END:
            since = (earned_on.month - expiry.month) % expiry.day
            return add_months(earned_on.replace(day=1), expiry.months - since) - dt.timedelta(days=1)


def _after(expiry: Expiry, day: dt.date) -> dt.date:
    """So many months, and days, after a day. Raises ValueError beyond the calendar."""
    try:
        return add_months(day, expiry.months) + dt.timedelta(days=expiry.days)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def member_year_end(joined_on: dt.date, day: dt.date) -> dt.date:
    """The last day of the member's year that holds `day`: the one before the next return of the day of joining."""
    began = anniversary_before(joined_on, day)
    return add_months(joined_on, 12 * (began.year - joined_on.year + 1)) - dt.timedelta(days=1)


def idle_last_day(expiry: Expiry, bought_on: dt.date) -> dt.date | None:
    """Until when, that day included, the whole balance lasts after a purchase; None unless inactivity ends it."""
    if expiry.kind is ExpiryKind.INACTIVITY_END:
        return month_end(_after(expiry, bought_on))
    return _after(expiry, bought_on) if expiry.kind is ExpiryKind.INACTIVITY else None


@dataclass(frozen=True, slots=True)
class Redemption:
    """How points pay (P-05): `worth_points` are worth `worth_minor`, taken in steps.

    `min_balance` must be available, and at least `min_points` are used at once. Ceilings: `max_points` a purchase,
    `max_share_bp` (in hundredths of a percent) of what points may pay for, `max_points_a_day` by the store's date.
    `whole_items`: only what pays whole items. Goods of the `excluded_groups` and `excluded_skus` and, unless `reduced`,
    those that cost less than their list price are not paid with points; neither is what is no goods. `taxed`: for VAT
    they are a means of payment, else a discount.
    """

    worth_points: int
    worth_minor: int
    step: int = 1
    min_points: int = 1
    min_balance: int = 0
    max_points: int | None = None
    max_share_bp: int = 10_000
    max_points_a_day: int | None = None
    whole_items: bool = False
    reduced: bool = True
    taxed: bool = False
    excluded_groups: frozenset[str] = frozenset()
    excluded_skus: frozenset[str] = frozenset()

    def worth(self, points: int) -> int:
        """What these points pay, in minor units, rounded down."""
        return worth_of(points, self.worth_points, self.worth_minor)


def whole_step(worth_points: int, worth_minor: int) -> int:
    """The fewest points that are worth whole minor units."""
    return worth_points // gcd(worth_points, worth_minor) if worth_minor else worth_points


class Clawback(StrEnum):
    """What becomes of points that a return should take back and that are spent already (P-08)."""

    DEBT = "debt"
    DEDUCT = "deduct"
    """Their worth is deducted from the money that is paid back."""
    WRITE_OFF = "write_off"
    """Forgiven, by whoever may."""
    KEPT = "kept"
    """A return takes no points back at all."""


class Redeemed(StrEnum):
    """What becomes of points that paid for what is returned."""

    BACK = "back"
    BACK_IF_WHOLE = "back_if_whole"
    """Only once all of the receipt is returned."""
    NEVER = "never"


class ReturnedExpired(StrEnum):
    """What becomes of points that are given back after their last day."""

    AS_EXPIRED = "as_expired"
    """They go back to their lot, and expire with it."""
    EXTENDED = "extended"
    """They may be used for so many days more."""


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """What a return does to points. `extended_days` counts from the day of the return, itself not counted."""

    clawback: Clawback = Clawback.DEBT
    redeemed: Redeemed = Redeemed.BACK
    expired: ReturnedExpired = ReturnedExpired.AS_EXPIRED
    extended_days: int = 0


AS_USUAL = ReturnPolicy()


class Fate(StrEnum):
    """What becomes of the points of a membership that has lapsed or was ended (M-08, M-14)."""

    KEEP = "keep"
    FREEZE = "freeze"
    """Nobody uses them; they revive on renewal within so many months, and are lost after that."""
    DROP = "drop"
    CONVERT = "convert"
    """They become what the club's conversion gives for them, and the rest is lost."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What points become: each full `from_points` of them `to_points` others, or `to_minor` of money; the rest is lost.

    The others are points of the club with the code `to_club` where that is said.
    """

    from_points: int
    to_points: int | None = None
    to_minor: int | None = None
    to_club: str | None = None

    def worth(self, points: int) -> int:
        """What these points (≥ 0) become.

        >>> Conversion(100, to_minor=500).worth(250)
        1000
        """
        each = self.to_minor if self.to_points is None else self.to_points
        return points // self.from_points * (each or 0)

    def shares(self, parts: Sequence[int]) -> list[int]:
        """The same for each of several parts, summing up to what they become together: the first ones fill up first.

        >>> Conversion(100, to_points=1).shares([150, 60])
        [1, 1]
        """
        made: list[int] = []
        before = 0
        for part in parts:
            made.append(self.worth(before + part) - self.worth(before))
            before += part
        return made


@dataclass(frozen=True, slots=True)
class FatePolicy:
    """What becomes of points: for how many months from the last day they are frozen, or what they are converted to."""

    fate: Fate
    freeze_months: int = 0
    conversion: Conversion | None = None

    @property
    def converts(self) -> Conversion | None:
        """What points are converted to; None where they aren't."""
        return self.conversion if self.fate is Fate.CONVERT else None

    @property
    def keeps(self) -> bool:
        """Whether the points stay on the account: kept, or frozen. A conversion without figures takes nothing."""
        return self.fate in {Fate.KEEP, Fate.FREEZE} or (self.fate is Fate.CONVERT and self.conversion is None)


KEPT, DROPPED = FatePolicy(Fate.KEEP), FatePolicy(Fate.DROP)


@dataclass(frozen=True, slots=True)
class PointsRules:
    """All that a club's rules say of points on one day. `redemption` is None where points don't pay."""

    terms: Terms
    redemption: Redemption | None
    returns: ReturnPolicy = AS_USUAL
    lapsed: FatePolicy = KEPT
    ended: FatePolicy = DROPPED
