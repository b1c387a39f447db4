"""The same condition trees, evaluated slowly and obviously over plain rows. Nothing of the product is used here."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass
class Line:
    """A line of a receipt with what its product is called and grouped by."""

    receipt: tuple[str, str]
    store: str
    day: dt.date
    sku: str
    group: str | None
    department: str | None
    brand: str | None
    quantity: Decimal
    amount_minor: int


@dataclass
class Person:
    """A customer as the file of customers says."""

    number: str
    lines: list[Line] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    consents: set[str] = field(default_factory=set)
    birthday: dt.date | None = None


def holds(person: Person, condition: dict[str, Any], as_of: dt.date) -> bool:
    if "all" in condition:
        return all(holds(person, part, as_of) for part in condition["all"])
    if "any" in condition:
        return any(holds(person, part, as_of) for part in condition["any"])
    if "not" in condition:
        return not holds(person, condition["not"], as_of)
    if condition.get("field") == "consent":
        wanted = condition["value"] if isinstance(condition["value"], list) else [condition["value"]]
        held = bool(person.consents & set(wanted))
        return not held if condition["op"] in {"ne", "not_in"} else held
    value = figure(person, condition, as_of) if "metric" in condition else of_field(person, condition["field"], as_of)
    return compared(value, condition["op"], condition.get("value", True))


def compared(value: Any, op: str, given: Any) -> bool:
    if op == "is_null":
        return (value is None) == given
    if value is None:
        return False
    if isinstance(value, dt.date):
        given = [dt.date.fromisoformat(v) for v in given] if isinstance(given, list) else dt.date.fromisoformat(given)
    return {
        "eq": lambda: value == given,
        "ne": lambda: value != given,
        "lt": lambda: value < given,
        "le": lambda: value <= given,
        "gt": lambda: value > given,
        "ge": lambda: value >= given,
        "in": lambda: value in given,
        "not_in": lambda: value not in given,
        "between": lambda: given[0] <= value <= given[1],
    }[op]()


def days(period: dict[str, Any] | None, as_of: dt.date) -> tuple[dt.date, dt.date]:
    if period is None:
        return dt.date.min, as_of
    if "last_days" in period:
        return as_of - dt.timedelta(days=period["last_days"] - 1), as_of
    if "from" in period:
        return dt.date.fromisoformat(period["from"]), min(as_of, dt.date.fromisoformat(period["to"]))
    month = as_of.replace(day=1)
    before = month - dt.timedelta(days=1)
    return {
        "this_month": (month, as_of),
        "last_month": (before.replace(day=1), before),
        "this_year": (dt.date(as_of.year, 1, 1), as_of),
        "last_year": (dt.date(as_of.year - 1, 1, 1), dt.date(as_of.year - 1, 12, 31)),
    }[period["calendar"]]


def figure(person: Person, condition: dict[str, Any], as_of: dt.date) -> Any:
    first, last = days(condition.get("over"), as_of)
    lines = [
        line
        for line in person.lines
        if first <= line.day <= last
        and all(getattr(line, key) in values for key, values in (condition.get("of") or {}).items())
    ]
    bought = [line for line in lines if line.quantity >= 0]
    match condition["metric"]:
        case "spend":
            return sum(line.amount_minor for line in lines)
        case "quantity":
            return sum((line.quantity for line in lines), Decimal(0))
        case "purchases":
            return len({line.receipt for line in bought})
        case "returns":
            return len({line.receipt for line in lines if line.quantity < 0})
        case "visit_days":
            return len({line.day for line in bought})
        case "days_since_last":
            return min(((as_of - line.day).days for line in bought), default=None)
    raise AssertionError(condition)


def of_field(person: Person, name: str, as_of: dt.date) -> Any:
    born = person.birthday
    if name == "age":
        return born and as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
    if name == "birthday_month":
        return born and born.month
    if name == "birthday_in_days":
        if born is None:
            return None
        ahead = 0
        while not celebrated(born, as_of + dt.timedelta(days=ahead)):
            ahead += 1
        return ahead
    if name == "favourite_group":
        spend: dict[str, int] = defaultdict(int)
        for line in person.lines:
            if line.group is not None and line.day <= as_of:
                spend[line.group] += line.amount_minor
        return min(spend, key=lambda group: (-spend[group], group), default=None)
    return person.fields.get(name)


def celebrated(born: dt.date, day: dt.date) -> bool:
    leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    if (born.month, born.day) == (2, 29) and not leap:
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)
