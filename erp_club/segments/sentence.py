"""A condition tree in words. Pure: names and amounts are given, the reader's language comes later."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from erp_club.kernel.fields import Field, Op
from erp_club.kernel.text import TN, Listed, Money, Name, T, Text
from erp_club.segments import tree
from erp_club.segments.tree import Condition, FieldIs, InSegment, Leaf, MetricIs, MetricName, Value

METRICS: dict[MetricName, Text] = {
    MetricName.SPEND: T("Amount bought for"),
    MetricName.PURCHASES: T("Purchases"),
    MetricName.QUANTITY: T("Units bought"),
    MetricName.VISIT_DAYS: T("Days with a purchase"),
    MetricName.RETURNS: T("Returns"),
    MetricName.DAYS_SINCE_LAST: T("Days since the last purchase"),
    MetricName.DAYS_SINCE_FIRST: T("Days since the first purchase"),
    MetricName.DAYS_BETWEEN: T("Average days between visits"),
    MetricName.AVERAGE_PURCHASE: T("Average purchase"),
}
OF: dict[tree.OfKey, Text] = {
    tree.OfKey.SKU: T("Product"),
    tree.OfKey.GROUP: T("Product group"),
    tree.OfKey.DEPARTMENT: T("Department"),
    tree.OfKey.BRAND: T("Brand"),
    tree.OfKey.STORE: T("Store"),
}
CALENDAR: dict[tree.Calendar, Text] = {
    tree.Calendar.LAST_MONTH: T("last month"),
    tree.Calendar.THIS_MONTH: T("this month"),
    tree.Calendar.LAST_YEAR: T("last year"),
    tree.Calendar.THIS_YEAR: T("this year"),
}
AMOUNTS = frozenset({MetricName.SPEND, MetricName.AVERAGE_PURCHASE})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a tree told step by step: how deep it stands, and what it says."""

    depth: int
    text: Text
    condition: Condition


def sentence(condition: Condition, currency: str) -> Text:
    """The whole tree as one sentence's part."""
    match condition:
        case tree.All() | tree.AnyOf() if not condition.parts:
            return T("everybody") if isinstance(condition, tree.All) else T("nobody")
        case tree.All() | tree.AnyOf():
            if len(condition.parts) == 1:
                return sentence(condition.parts[0], currency)
            parts = tuple(_inner(part, currency) for part in condition.parts)
            return T("%(what)s", what=Listed(parts, "and" if isinstance(condition, tree.All) else "or"))
        case tree.Not():
            return T("not (%(what)s)", what=sentence(condition.part, currency))
        case _:
            return leaf(condition, currency)


def _inner(condition: Condition, currency: str) -> Text:
    told = sentence(condition, currency)
    several = isinstance(condition, tree.All | tree.AnyOf) and len(condition.parts) > 1
    return T("(%(what)s)", what=told) if several else told


def lines(condition: Condition, currency: str, depth: int = 0) -> Iterator[Line]:
    """The tree from its top to its leaves, a line each."""
    match condition:
        case tree.All():
            yield Line(depth, T("All of these:") if condition.parts else T("everybody"), condition)
        case tree.AnyOf():
            yield Line(depth, T("At least one of these:") if condition.parts else T("nobody"), condition)
        case tree.Not():
            yield Line(depth, T("Not:"), condition)
        case _:
            yield Line(depth, leaf(condition, currency), condition)
    for part in parts_of(condition):
        yield from lines(part, currency, depth + 1)


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """What stands below."""
    match condition:
        case tree.All() | tree.AnyOf():
            return condition.parts
        case tree.Not():
            return (condition.part,)
        case _:
            return ()


def leaf(condition: Leaf, currency: str) -> Text:
    """One condition: what is looked at, and what it has to be."""
    match condition:
        case MetricIs():
            money = currency if condition.metric in AMOUNTS else ""
            return _compared(_figure(condition), condition.op, condition.value, None, money)
        case FieldIs():
            what = condition.field.label
            if condition.field.named:
                what = T("%(what)s %(name)s", what=what, name=_name(condition.asked.partition(":")[2]))
            if condition.club:
                what = T("%(what)s (club %(club)s)", what=what, club=_name(condition.club))
            return _compared(what, condition.op, condition.value, condition.field, "")
        case InSegment():
            return _compared(T("Segment"), Op.NOT_IN if condition.op in {Op.NE, Op.NOT_IN} else Op.IN, condition.names,
                             None, "")  # fmt: skip


def found(condition: Leaf, value: object, currency: str) -> Text | None:
    """What was found of one customer: `value` as a leaf compares it. None where it says nothing."""
    match condition:
        case MetricIs():
            money = currency if condition.metric in AMOUNTS else ""
            if isinstance(value, int | Decimal) and not money:
                exact = round(Decimal(value) / (1000 if condition.metric is MetricName.QUANTITY else 1), 1)
                value = int(exact) if exact == int(exact) else exact
            said = None if value is None else _value(value, None, money)
        case FieldIs() if value is not None:
            said = _value(value, condition.field, "")
        case _:
            return None
    return T("This customer: %(value)s", value=said) if said is not None else T("This customer: not known")


def _figure(condition: MetricIs) -> Text:
    what = METRICS[condition.metric]
    for key, values in condition.of:
        things = Listed(tuple(_name(value) for value in values))
        what = T("%(what)s, %(key)s %(things)s", what=what, key=OF[key], things=things)
    if condition.over is not None:
        what = T("%(what)s, %(period)s", what=what, period=period(condition.over))
    return what


def period(over: tree.Period) -> Text:
    """A period."""
    match over:
        case tree.LastDays():
            return TN("today", "in the last %(num)s days", over.days)
        case tree.Between():
            return T("from %(first)s to %(last)s", first=over.first, last=over.last)
        case _:
            return CALENDAR[over]


def _name(value: object) -> Name:
    return Name({"": str(value)})


def _compared(what: Text, op: Op, value: Value, field: Field | None, currency: str) -> Text:
    if op is Op.IS_NULL:
        return T("%(what)s: not known", what=what) if value else T("%(what)s: known", what=what)
    if isinstance(value, tuple):
        told = tuple(_value(each, field, currency) for each in value)
        if op is Op.BETWEEN:
            return T("%(what)s: from %(first)s to %(last)s", what=what, first=told[0], last=told[1])
        if op is Op.IN:
            return T("%(what)s: %(values)s", what=what, values=Listed(told))
        return T("%(what)s: none of %(values)s", what=what, values=Listed(told, "and"))
    said = _value(value, field, currency)
    match op:
        case Op.EQ:
            return T("%(what)s: %(value)s", what=what, value=said)
        case Op.NE:
            return T("%(what)s: not %(value)s", what=what, value=said)
        case Op.LT:
            return T("%(what)s: below %(value)s", what=what, value=said)
        case Op.LE:
            return T("%(what)s: at most %(value)s", what=what, value=said)
        case Op.GT:
            return T("%(what)s: over %(value)s", what=what, value=said)
        case _:
            return T("%(what)s: at least %(value)s", what=what, value=said)


def _value(value: object, field: Field | None, currency: str) -> object:
    if isinstance(value, bool):
        return T("Yes") if value else T("No")
    if isinstance(value, int | Decimal):
        return Money(int(value), currency) if currency else value
    if isinstance(value, dt.date):
        return value
    labels = {choice.value: choice.label for choice in field.choices} if field else {}
    return labels.get(str(value), _name(value))
