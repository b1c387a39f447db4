"""What a report of purchases is asked: by what, of which days, narrowed to whom and what. No database here."""

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T

MOST_DAYS = 3_700
"""Ten years: longer periods are refused."""
MOST_STEPS = 400
"""So many days, weeks, months or years at most are drawn side by side."""
FIRST_YEAR, LAST_YEAR = 1990, 2999
MONDAY, SUNDAY = 0, 6
_DAY = dt.timedelta(days=1)


class By(StrEnum):
    """What the rows of a report are."""

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    STORE = "store"
    DEPARTMENT = "department"
    GROUP = "group"
    BRAND = "brand"
    PRODUCT = "product"
    CLUB = "club"
    SEGMENT = "segment"
    CUSTOMER = "customer"
    CASHIER = "cashier"


TIMES = (By.YEAR, By.MONTH, By.WEEK, By.DAY)
OF_PRODUCTS = (By.DEPARTMENT, By.GROUP, By.BRAND, By.PRODUCT)
"""Whose rows are made of lines: a receipt stands in several."""
OVERLAPPING = (*OF_PRODUCTS, By.CLUB, By.SEGMENT)
"""Whose rows count a receipt or a customer more than once, so that counts don't add up to the total."""


class Against(StrEnum):
    """What a report is compared with."""

    BEFORE = "before"
    YEAR_BEFORE = "year_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question. Both days are included; None narrows nothing.

    `club_id` keeps what was bought on days on which the customer's membership of that club held, `segment_id` what
    those bought who are kept as being in the segment now. `among`: the customers of a page, whose rows alone are told.
    `within`: the stores that the reader sees. `week_starts`: Monday is 0.
    """

    by: By
    first: dt.date
    last: dt.date
    store_id: int | None = None
    within: tuple[int, ...] | None = None
    club_id: int | None = None
    segment_id: int | None = None
    customer_id: int | None = None
    among: tuple[int, ...] | None = None
    staff_id: int | None = None
    department_id: int | None = None
    group_id: int | None = None
    brand_id: int | None = None
    product_id: int | None = None
    week_starts: int = MONDAY

    def check(self) -> None:
        """Raises Invalid for a period that can't be, or whose steps are too many."""
        if self.first.year < FIRST_YEAR or self.last.year > LAST_YEAR:
            raise Invalid([FieldError("first", T("Choose days from 1990 to 2999."))])
        if self.last < self.first:
            raise Invalid([FieldError("last", T("The last day is before the first one."))])
        if (self.last - self.first).days >= MOST_DAYS:
            raise Invalid([FieldError("last", T("Choose at most %(days)s days.", days=MOST_DAYS))])
        if self.by in TIMES and len(self.steps()) > MOST_STEPS:
            raise Invalid([FieldError("by", T("These would be too many rows. Choose longer steps or fewer days."))])

    @property
    def store_ids(self) -> tuple[int, ...] | None:
        """The one store that is asked for, else all that the reader sees; None for the chain."""
        return self.within if self.store_id is None else (self.store_id,)

    @property
    def of_products(self) -> bool:
        """Whether single lines are asked for rather than whole receipts."""
        narrowed = (self.department_id, self.group_id, self.brand_id, self.product_id)
        return self.by in OF_PRODUCTS or any(each is not None for each in narrowed)

    def step_of(self, day: dt.date) -> dt.date:
        """The first day of the year, month, week or day that this one is in."""
        match self.by:
            case By.YEAR:
                return day.replace(month=1, day=1)
            case By.MONTH:
                return day.replace(day=1)
            case By.WEEK:
                return day - dt.timedelta(days=(day.weekday() - self.week_starts) % 7)
            case _:
                return day

    def steps(self) -> list[dt.date]:
        """The first days of all steps that the period touches, oldest first."""
        made = [self.step_of(self.first)]
        while (after := self.step_end(made[-1]) + dt.timedelta(days=1)) <= self.last:
            made.append(after)
        return made

    def step_end(self, step: dt.date) -> dt.date:
        """The last day of a step that begins on this day."""
        match self.by:
            case By.YEAR:
                return step.replace(month=12, day=31)
            case By.MONTH:
                return step.replace(day=monthrange(step.year, step.month)[1])
            case By.WEEK:
                return step + dt.timedelta(days=6)
            case _:
                return step

    def against(self, which: Against) -> Self:
        """The same question of the period that this one is compared with."""
        first, last = (before if which is Against.BEFORE else year_before)(self.first, self.last)
        return replace(self, first=first, last=last)


def before(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """The period right before: as many whole calendar months where these are whole ones, else as many days."""
    ends = first - dt.timedelta(days=1)
    if first.day == 1 and last.day == monthrange(last.year, last.month)[1]:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        start = first.year * 12 + first.month - 1 - months
        return dt.date(start // 12, start % 12 + 1, 1), ends
    return first - (last - first) - dt.timedelta(days=1), ends


def whole_months(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of the calendar months that lie wholly within these days; None without any."""
    begins = first if first.day == 1 else (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    after = last + dt.timedelta(days=1)
    ends = after.replace(day=1) - dt.timedelta(days=1)
    return (begins, ends) if begins <= ends else None


def whole_years(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of the calendar years that lie wholly within these days; None without any."""
    begins = first if (first.month, first.day) == (1, 1) else dt.date(first.year + 1, 1, 1)
    ends = last if (last.month, last.day) == (12, 31) else dt.date(last.year - 1, 12, 31)
    return (begins, ends) if begins <= ends else None


Days = tuple[dt.date, dt.date]
"""The first and the last one."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Days as whole years or months, with days at the ends that these lack, and days that they have too many."""

    whole: Days
    lacked: tuple[Days, ...]
    too_many: tuple[Days, ...]


def pieces(first: dt.date, last: dt.date, by: By) -> Pieces | None:
    """The years or months that come closest to these days; None where the days themselves are fewer than the rest."""
    steps = Asked(by=by, first=first, last=last)
    step, after = steps.step_of(first), steps.step_end(last) + _DAY
    begins = min(step, steps.step_end(step) + _DAY, key=lambda day: abs(day - first))
    ends = min(after, steps.step_of(last), key=lambda day: abs(day - last - _DAY)) - _DAY
    if begins > ends:
        return None
    lacked = ((first, begins - _DAY), (ends + _DAY, last))
    too_many = ((begins, first - _DAY), (last + _DAY, ends))
    made = Pieces((begins, ends), *(tuple(each for each in days if each[0] <= each[1]) for days in (lacked, too_many)))
    rest = sum((ends - begins + _DAY for begins, ends in (*made.lacked, *made.too_many)), dt.timedelta())
    return made if rest < last - first + _DAY else None


def year_before(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """The same days a year earlier; the last day of February for one that is missing, and for a month's end."""
    return _year_earlier(first), _year_earlier(last, to_end=last.day == monthrange(last.year, last.month)[1])


def _year_earlier(day: dt.date, *, to_end: bool = False) -> dt.date:
    days = monthrange(day.year - 1, day.month)[1]
    return dt.date(day.year - 1, day.month, days if to_end else min(day.day, days))
