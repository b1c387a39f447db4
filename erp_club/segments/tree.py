"""The condition tree of a segment: what it is made of. Pure."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from erp_club.kernel.fields import Field, Op

MOST_DEEP, MOST_LEAVES, MOST_VALUES, MOST_DAYS = 20, 100, 1_000, 36_500


class MetricName(StrEnum):
    """What is counted of a customer's purchases. All but the last three are the file format's own (contract)."""

    SPEND = "spend"
    PURCHASES = "purchases"
    QUANTITY = "quantity"
    VISIT_DAYS = "visit_days"
    RETURNS = "returns"
    DAYS_SINCE_LAST = "days_since_last"
    DAYS_SINCE_FIRST = "days_since_first"
    DAYS_BETWEEN = "days_between"
    AVERAGE_PURCHASE = "average_purchase"


class OfKey(StrEnum):
    """What a line is of."""

    SKU = "sku"
    GROUP = "group"
    DEPARTMENT = "department"
    BRAND = "brand"
    STORE = "store"


class Calendar(StrEnum):
    """A calendar period by its place beside the as-of day. What is to come of it doesn't count."""

    LAST_MONTH = "last_month"
    THIS_MONTH = "this_month"
    LAST_YEAR = "last_year"
    THIS_YEAR = "this_year"


@dataclass(frozen=True, slots=True)
class LastDays:
    """The days that end with the as-of day, both included."""

    days: int


@dataclass(frozen=True, slots=True)
class Between:
    """From the first to the last day, both included."""

    first: dt.date
    last: dt.date


Period = LastDays | Between | Calendar
Single = int | Decimal | str | bool | dt.date
Value = Single | tuple[Single, ...]
Of = tuple[tuple[OfKey, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; of nothing, it does."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; of nothing, none does."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part doesn't hold."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class MetricIs:
    """A figure of the customer's lines that are `of` these things `over` a period; `place` as in `FieldIs`."""

    metric: MetricName
    of: Of
    over: Period | None
    op: Op
    value: Value
    place: str = dataclasses.field(default="where", compare=False)


@dataclass(frozen=True, slots=True)
class FieldIs:
    """A field of the customer. `asked` is its name as it was asked for; `club` the code it was asked for.

    `place` is where the document says so.
    """

    asked: str
    field: Field
    club: str | None
    op: Op
    value: Value
    place: str = dataclasses.field(default="where", compare=False)


@dataclass(frozen=True, slots=True)
class InSegment:
    """Whether the customer is in (one of) other segments, by their names; `place` is where the document says so."""

    op: Op
    names: tuple[str, ...]
    place: str = dataclasses.field(default="where", compare=False)


Leaf = MetricIs | FieldIs | InSegment
Condition = All | AnyOf | Not | MetricIs | FieldIs | InSegment


def days_of(period: Period | None, as_of: dt.date) -> tuple[dt.date | None, dt.date]:
    """First and last day, both included; None: from the beginning. Nothing after the as-of day counts."""
    match period:
        case None:
            return None, as_of
        case LastDays():
            return as_of - dt.timedelta(days=period.days - 1), as_of
        case Between():
            return period.first, min(period.last, as_of)
        case Calendar.THIS_MONTH:
            return as_of.replace(day=1), as_of
        case Calendar.LAST_MONTH:
            last = as_of.replace(day=1) - dt.timedelta(days=1)
            return last.replace(day=1), last
        case Calendar.THIS_YEAR:
            return as_of.replace(month=1, day=1), as_of
        case Calendar.LAST_YEAR:
            return dt.date(as_of.year - 1, 1, 1), dt.date(as_of.year - 1, 12, 31)


def holds_of(number: int, op: Op, value: Any) -> bool:
    """Whether a number compares so with the value or values."""
    match op:
        case Op.EQ | Op.IN:
            return number in _many(value)
        case Op.NE | Op.NOT_IN:
            return number not in _many(value)
        case Op.LT:
            return number < value
        case Op.LE:
            return number <= value
        case Op.GT:
            return number > value
        case Op.GE:
            return number >= value
        case Op.BETWEEN:
            return value[0] <= number <= value[1]
        case Op.IS_NULL:
            return not value


def tells_none_from_some(op: Op, value: Any) -> bool:
    """Whether a count from 1 on compares like any other: then it needn't be known how many it is."""
    match op:
        case Op.LT | Op.GE:
            return value <= 1
        case Op.LE | Op.GT:
            return value < 1
        case Op.BETWEEN:
            return value[1] < 1
        case Op.IS_NULL:
            return True
        case _:
            return all(each < 1 for each in _many(value))


def _many(value: Any) -> tuple[Any, ...]:
    return cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every leaf, from the first to the last."""
    match condition:
        case All() | AnyOf():
            for part in condition.parts:
                yield from leaves(part)
        case Not():
            yield from leaves(condition.part)
        case _:
            yield condition


def by_sale(condition: Condition) -> bool:
    """Whether a sale can change who is in it."""
    return any(isinstance(leaf, MetricIs) or (isinstance(leaf, FieldIs) and leaf.field.by_sale)
               for leaf in leaves(condition))  # fmt: skip
