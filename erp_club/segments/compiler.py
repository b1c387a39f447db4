"""A condition tree as one SELECT.

Every leaf over more than the customer's own row is a subquery of at most one row a customer, joined to the customers;
so a leaf costs one pass whatever stands around it, and `and`, `or` and `not` are plain logic over columns. All values
are bound.
"""

import datetime as dt
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.columns import local
from erp_club.kernel.errors import Refused
from erp_club.kernel.fields import Ask, Kind, Op, Shape
from erp_club.kernel.text import T
from erp_club.segments import metrics, tree
from erp_club.segments.metrics import Asked, Rolled
from erp_club.segments.tree import Condition, FieldIs, InSegment, MetricIs, MetricName, Of, Value

__all__ = ["Facts", "holding", "members"]

MOST_LEAVES = 1_000
Rows = Any
"""A SELECT, whatever its columns."""
Bool = sa.ColumnElement[bool]
_Where = tuple[Of, dt.date | None, dt.date, bool]
"""Which lines, their first and last day, and whether it matters how many receipts they are."""
_OPPOSITE = {Op.NE: Op.EQ, Op.NOT_IN: Op.IN}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a tree is compiled with.

    `segments` are the dynamic segments that it may name, by name; `lists` gives the SELECT of (customer_id) of a frozen
    one. `rolled`: what the rollups hold; None reads the lines. `only`: these customers instead of all; `sampled`: they
    are some at random that stand for all. `clubs`: the ids of clubs by their code, where all customers are asked about.
    """

    as_of: dt.date
    segments: Mapping[str, Condition] = field(default_factory=dict[str, Condition])
    lists: Mapping[str, Rows] = field(default_factory=dict[str, Rows])
    rolled: Rolled | None = None
    only: tuple[int, ...] | None = None
    sampled: bool = False
    clubs: Mapping[str, int] = field(default_factory=dict[str, int])


def members(condition: Condition, facts: Facts, *columns: Any) -> Rows:
    """A SELECT of these columns of the customers in the segment; without any, of their ids."""
    made = _Compiler(facts)
    (where,) = made.compile((condition,), must=True)
    chosen = columns or (Customer.id,)
    return sa.select(*chosen).select_from(made.joined()).where(*made.living(), where)


def holding(conditions: Mapping[str, Condition], facts: Facts) -> Rows:
    """A SELECT of the customer's id and, in the order of the conditions, whether each of them holds.

    Only for one customer or a few: together they may have more leaves than one segment.
    """
    made = _Compiler(facts)
    held = made.compile(tuple(conditions.values()))
    columns = (sa.func.coalesce(each, sa.false()).label(f"c{index}") for index, each in enumerate(held))
    return sa.select(Customer.id, *columns).select_from(made.joined()).where(*made.living())


def holding_and_values(conditions: Sequence[Condition], facts: Facts) -> Rows:
    """As `holding`, and behind each whether it holds what it compares of the customer's; null where that isn't one."""
    made = _Compiler(facts)
    held = made.compile(conditions)
    columns: list[Any] = []
    for index, (each, condition) in enumerate(zip(held, conditions, strict=True)):
        value = made.value(condition)
        columns += [
            sa.func.coalesce(each, sa.false()).label(f"c{index}"),
            (sa.null() if value is None else value).label(f"v{index}"),
        ]
    return sa.select(Customer.id, *columns).select_from(made.joined()).where(*made.living())


class _Compiler:
    """Gathers the subqueries that the leaves need, and reads conditions as expressions over their columns."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._wanted: dict[_Where, list[MetricName]] = {}
        self._found: dict[_Where, Any] = {}
        self._joins: list[Any] = []
        self._kept: dict[Any, Any] = {}
        self._inside: tuple[str, ...] = ()
        self._leaves = 0

    def living(self) -> list[Bool]:
        """Unidentified, merged and erased customers are in no segment."""
        where: list[Bool] = [Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE]
        if self._facts.only is not None:
            where.append(Customer.id == sa.any_(sa.literal(list(self._facts.only), ARRAY(sa.BigInteger))))
        return where

    def joined(self) -> sa.FromClause:
        """The customers with every subquery that was asked for."""
        made: sa.FromClause = Customer.__table__
        for rows in self._joins:
            made = made.outerjoin(rows, rows.c.customer_id == Customer.id)
        return made

    def compile(self, conditions: Sequence[Condition], *, must: bool = False) -> list[Bool]:
        """The conditions as expressions that are true, or else false or null; `must`: nothing else is looked for."""
        for condition in conditions:
            self._gather(condition, self._wanted)
        return [self._read(condition, must=must) for condition in conditions]

    def _rows_of(self, where: _Where) -> Any:
        if where not in self._found:
            self._found[where] = self._join(self._figures(where))
        return self._found[where]

    def _figures(self, where: _Where, *, often: bool = False) -> Rows:
        of, first, last, counted = where
        asked = Asked(of, first, last, self._facts.only, counted, often)
        return metrics.figures(asked, frozenset(self._wanted[where]), self._facts.rolled)

    def _gather(self, condition: Condition, wanted: dict[_Where, list[MetricName]]) -> None:
        """Find every figure beforehand, so that those of the same lines share one pass over them."""
        for leaf in tree.leaves(condition):
            self._leaves += 1
            if self._leaves > MOST_LEAVES:
                text = T("A segment with those it is made of has at most %(most)s conditions.", most=MOST_LEAVES)
                raise Refused(text, field="where", code="segment-too-large")
            match leaf:
                case MetricIs():
                    wanted.setdefault(self._where(leaf), []).append(self._metric_of(leaf))
                case InSegment():
                    for name in leaf.names:
                        if name in self._facts.segments:
                            self._inside = self._entered(name)
                            self._gather(self._facts.segments[name], wanted)
                            self._inside = self._inside[:-1]
                case FieldIs():
                    pass

    def _entered(self, name: str) -> tuple[str, ...]:
        if name in self._inside:
            raise Refused(T("The segment %(name)s is made of itself.", name=name), field="where", code="segment-circle")
        return (*self._inside, name)

    def _where(self, leaf: MetricIs) -> _Where:
        # Of one customer the figure itself may be asked for.
        counted = self._facts.only is not None or metrics.counted(self._metric_of(leaf), leaf.op, leaf.value)
        return (leaf.of, *tree.days_of(leaf.over, self._facts.as_of), counted)

    def _metric_of(self, leaf: MetricIs) -> MetricName:
        """Who was here on some day has bought something, and the other way round."""
        if self._facts.only is None and leaf.metric is MetricName.VISIT_DAYS:
            return MetricName.PURCHASES if tree.tells_none_from_some(leaf.op, leaf.value) else leaf.metric
        return leaf.metric

    def _join(self, rows: Rows) -> Any:
        made = rows.subquery()
        self._joins.append(made)
        return made

    def _read(self, condition: Condition, *, must: bool = False) -> Bool:
        """`must`: whoever it doesn't hold for is left out, whatever else holds."""
        match condition:
            case tree.All():
                return sa.and_(sa.true(), *(self._read(part, must=must) for part in condition.parts))
            case tree.AnyOf():
                return sa.or_(sa.false(), *(self._read(part) for part in condition.parts))
            case tree.Not():
                if isinstance(condition.part, MetricIs):
                    return self._metric(condition.part, negated=True, must=must)
                return self._not(self._read(condition.part))
            case MetricIs():
                return self._metric(condition, must=must)
            case FieldIs():
                return self._field(condition)
            case InSegment():
                return self._segment(condition)

    def _not(self, holds: Bool) -> Bool:
        """What is missing is false, and its `not` true."""
        return sa.not_(sa.func.coalesce(holds, sa.false()))

    def value(self, condition: Condition) -> sa.ColumnElement[Any] | None:
        """What a condition that was compiled for some customers compares, where that is one value."""
        match condition:
            case MetricIs():
                rows = self._rows_of(self._where(condition))
                value = metrics.figure(rows, condition.metric, self._facts.as_of)
                return sa.func.coalesce(value, 0) if metrics.adds_up(condition.metric) else value
            case FieldIs() if condition.field.shape in {Shape.COLUMN, Shape.FIGURE}:
                return self._one(condition)
            case FieldIs() if condition.field.shape is Shape.NAMED:
                key, rows = self._stands(condition)
                its_key, value = rows.selected_columns
                return rows.where(its_key == key).with_only_columns(value).correlate(Customer).scalar_subquery()
            case _:
                return None

    def _metric(self, leaf: MetricIs, *, negated: bool = False, must: bool = False) -> Bool:
        """Whether the figure compares so, or doesn't where `negated`.

        Where that is so for a customer without any such line, those are looked for of whom it isn't, and left out: the
        database does that without keeping a figure of everybody. Who is left out in any case may be found often.
        """
        if leaf.op is Op.IS_NULL and metrics.adds_up(leaf.metric):
            return sa.literal(bool(leaf.value) is negated)
        of_nobody = metrics.of_nobody(leaf.metric, leaf.op, leaf.value)
        where = self._where(leaf)
        if of_nobody != negated and len(self._wanted[where]) == 1 and self._facts.only is None:
            rows = self._figures(where, often=must).subquery()
            holds = self._compared(rows, leaf)
            others = sa.select(rows.c.customer_id).where(holds if negated else holds.is_not(sa.true()))
            return self._join(others).c.customer_id.is_(None)
        rows = self._rows_of(where)
        holds = self._compared(rows, leaf)
        if of_nobody:
            holds = sa.or_(rows.c.customer_id.is_(None), holds)
        return self._not(holds) if negated else holds

    def _compared(self, rows: Any, leaf: MetricIs) -> Bool:
        given = leaf.value
        if leaf.metric is MetricName.QUANTITY and leaf.op is not Op.IS_NULL:
            given = _thousandfold(given)
        return compared(metrics.figure(rows, self._metric_of(leaf), self._facts.as_of), leaf.op, given, Kind.NUMBER)

    def _segment(self, leaf: InSegment) -> Bool:
        holds: list[Bool] = []
        for name in leaf.names:
            if name in self._facts.lists:
                holds.append(self._listed(name).c.customer_id.is_not(None))
            elif name in self._facts.segments:
                self._inside = self._entered(name)
                holds.append(self._read(self._facts.segments[name]))
                self._inside = self._inside[:-1]
            else:
                raise Refused(T("There is no segment by the name %(name)s.", name=name), field=leaf.place,
                              code="segment-unknown")  # fmt: skip
        found = sa.or_(sa.false(), *holds)
        return self._not(found) if leaf.op in _OPPOSITE else found

    def _listed(self, name: str) -> Any:
        key = ("list", name)
        if key not in self._kept:
            self._kept[key] = self._join(self._limited(self._facts.lists[name]))
        return self._kept[key]

    def _limited(self, rows: Rows) -> Rows:
        if self._facts.only is None:
            return rows
        column = rows.selected_columns[0]
        return rows.where(column == sa.any_(sa.literal(list(self._facts.only), ARRAY(sa.BigInteger))))

    def _field(self, leaf: FieldIs) -> Bool:
        match leaf.field.shape:
            case Shape.FLAGS:
                return self._flags(self._stands(leaf), leaf)
            case Shape.ROWS:
                return self._rows(self._stands(leaf), leaf)
            case Shape.NAMED:
                key, rows = self._stands(leaf)
                return _named(key, rows, leaf)
            case _:
                return compared(self._one(leaf), leaf.op, leaf.value, leaf.field.kind)

    def _stands(self, leaf: FieldIs) -> Any:
        facts = self._facts
        name = leaf.asked.partition(":")[2].strip()
        kept_for = facts.rolled.kept_for if facts.rolled else None
        club = leaf.club
        if _by_one(leaf) and not leaf.field.by_club:  # the club itself
            club = str(leaf.value)
        return leaf.field.read(Ask(facts.as_of, club, name, facts.only, facts.sampled, kept_for, facts.clubs))

    def _one(self, leaf: FieldIs) -> sa.ColumnElement[Any]:
        asked = leaf.field
        value = self._stands(leaf)
        if asked.shape is Shape.FIGURE:
            key = (leaf.asked, asked.kind, leaf.club)
            if key not in self._kept:
                self._kept[key] = self._join(value if asked.whole else self._limited(value))
            value = self._kept[key].c.value
        return value if asked.otherwise is None else sa.func.coalesce(value, asked.otherwise)

    def _flags(self, flags: Mapping[str, Bool], leaf: FieldIs) -> Bool:
        if leaf.op is Op.IS_NULL:
            none = sa.not_(sa.func.coalesce(sa.or_(*flags.values()), sa.false()))
            return none if leaf.value else sa.not_(none)
        values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        holds = sa.or_(sa.false(), *(flags[str(value)] for value in values))
        return self._not(holds) if leaf.op in _OPPOSITE else holds

    def _rows(self, rows: Rows, leaf: FieldIs) -> Bool:
        # What finds a customer once needn't be looked through for others that are the same.
        once = _by_one(leaf)

        def any_with(condition: Callable[[Any], Bool]) -> Bool:
            found = self._limited(rows.where(condition(rows.selected_columns[1])))
            found = found.with_only_columns(rows.selected_columns[0])
            return self._join(found if once else found.distinct()).c[0].is_not(None)

        def has_one() -> Bool:
            return any_with(lambda value: value.is_not(None))

        if leaf.op is Op.IS_NULL:
            return sa.not_(has_one()) if leaf.value else has_one()
        kind = leaf.field.kind
        opposite = _OPPOSITE.get(leaf.op)
        if opposite is not None:  # somebody with a value, none of whose values it is
            held = any_with(lambda value: compared(value, opposite, leaf.value, kind))
            return sa.and_(has_one(), sa.not_(held))
        return any_with(lambda value: compared(value, leaf.op, leaf.value, kind))


def _by_one(leaf: FieldIs) -> bool:
    """Whether a customer has one row at most, as it is asked of one club."""
    return leaf.field.once and (leaf.club is not None if leaf.field.by_club else leaf.op is Op.EQ)


def _named(key: Any, rows: Rows, leaf: FieldIs) -> Bool:
    """By the keys of the few rows whose value is asked for: they are found once, not for each customer."""
    if leaf.op is Op.IS_NULL:
        return compared(key, leaf.op, leaf.value, leaf.field.kind)
    its_key, value = rows.selected_columns
    found = rows.where(compared(value, leaf.op, leaf.value, leaf.field.kind)).with_only_columns(its_key)
    return key == sa.any_(sa.func.array(found.scalar_subquery()))


def _thousandfold(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(cast("Decimal", each) * 1000 for each in value)
    return cast("Decimal", value) * 1000


def compared(column: Any, op: Op, value: Value, kind: Kind) -> Bool:
    """A comparison; null where the column is."""
    if op is Op.IS_NULL:
        return column.is_(None) if value else column.is_not(None)
    if isinstance(value, tuple):
        if op is Op.BETWEEN:
            ordered = local(column) if kind is Kind.TEXT else column
            return ordered.between(_bound(value[0], kind), _bound(value[1], kind))
        if kind is Kind.NUMBER:
            array = sa.literal([Decimal(str(each)) for each in value], ARRAY(sa.Numeric))
        else:
            array = sa.literal(list(value), ARRAY(sa.Date if kind is Kind.DATE else sa.Text))
        return column == sa.any_(array) if op is Op.IN else column != sa.all_(array)
    bound = _bound(value, kind)
    ordered = local(column) if kind is Kind.TEXT else column
    return _COMPARED[op](column if op in {Op.EQ, Op.NE} else ordered, bound)


_COMPARED: dict[Op, Callable[[Any, Any], Bool]] = {
    Op.EQ: operator.eq, Op.NE: operator.ne, Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt,
    Op.GE: operator.ge,
}  # fmt: skip


def _bound(value: Any, kind: Kind) -> sa.ColumnElement[Any]:
    if kind is Kind.NUMBER:
        return sa.literal(value, sa.BigInteger if isinstance(value, int) else sa.Numeric)
    return sa.literal(value, {Kind.DATE: sa.Date, Kind.TEXT: sa.Text, Kind.YES_NO: sa.Boolean}[kind])
