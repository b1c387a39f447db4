"""What a queryable field is: a name, a type, and where its value stands.

A domain describes its own in `segment_fields.py`. Nobody below knows who asks, so the fields are put together at the
top (`Registry`) and passed in.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from erp_club.kernel.text import T, Text


class Op(StrEnum):
    """How a value is compared. `between` includes both ends."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    NOT_IN = "not_in"
    BETWEEN = "between"
    IS_NULL = "is_null"


class Kind(StrEnum):
    """The type of a field's value."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    YES_NO = "yes_no"


class Shape(StrEnum):
    """Where a field's value stands.

    `COLUMN`: an expression over the customer's own row. `FIGURE`: a SELECT of (customer_id, value) with at most one row
    a customer. `ROWS`: the same with any number of rows: any one of them may hold what is asked. `FLAGS`: by each
    possible value, an expression over the customer's own row that says yes or no. `NAMED`: a key on the customer's own
    row, and a SELECT of (key, value) of the few rows it may lead to.
    """

    COLUMN = "column"
    FIGURE = "figure"
    ROWS = "rows"
    FLAGS = "flags"
    NAMED = "named"


SAME = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN})
ORDER = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.BETWEEN})
OPERATORS = {
    Kind.NUMBER: SAME | ORDER | {Op.IS_NULL},
    Kind.DATE: SAME | ORDER | {Op.IS_NULL},
    Kind.TEXT: SAME | ORDER | {Op.IS_NULL},
    Kind.YES_NO: frozenset({Op.EQ, Op.NE, Op.IS_NULL}),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What a field's value depends on: the as-of day, a club's code, and what stood after the colon (`class:NAME`).

    `only`: these customers are asked about; None for all. `sampled`: they stand for all, so that what depends on other
    customers is found among them alone, as an estimate. `kept_for`: the day for which what is found out at night is
    kept. `clubs`: the ids of clubs by their code; told beforehand, the database sees where two ask of one membership.
    """

    as_of: dt.date
    club: str | None = None
    name: str = ""
    only: tuple[int, ...] | None = None
    sampled: bool = False
    kept_for: dt.date | None = None
    clubs: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a field's possible values, and what it is called."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `read` gives the expression or the SELECT that its `shape` says.

    `choices` are all values there can be; `picker` names a list that people choose from (stores, clubs, groups).
    `otherwise` is the value of a customer with none; None: it is missing. `by_club`: it takes a club's code. `named`:
    it is asked for as `name:NAME`. `whole`: the value depends on other customers too, so it is never read for one
    alone. `by_sale`: a sale can change it. `once`: a customer has one row of a club, or of each club by its code.
    `least` and `most`: the whole numbers between which the value always lies. `known`: a SELECT of all values that the
    chain has, where others can be named. `about`: what people should know of how it is found.
    """

    name: str
    label: Text
    kind: Kind
    shape: Shape
    read: Callable[[Ask], Any]
    operators: frozenset[Op] | None = None
    choices: tuple[Choice, ...] = ()
    picker: str = ""
    otherwise: int | bool | None = None
    by_club: bool = False
    named: bool = False
    whole: bool = False
    by_sale: bool = False
    once: bool = False
    least: int | None = None
    most: int | None = None
    known: Callable[[Ask], Any] | None = None
    about: Text | None = None

    @property
    def ops(self) -> frozenset[Op]:
        """The operators that it takes."""
        return OPERATORS[self.kind] if self.operators is None else self.operators


class Registry:
    """All the fields that may be asked for. One name may stand for several types (a code, a number, yes or no)."""

    def __init__(self, *fields: Iterable[Field]) -> None:
        self._fields: dict[str, tuple[Field, ...]] = {}
        for each in fields:
            for field in each:
                self._fields[field.name] = (*self._fields.get(field.name, ()), field)

    def __iter__(self) -> Iterator[Field]:
        """Every field, the first of each name."""
        return (fields[0] for fields in self._fields.values())

    def find(self, asked: str) -> tuple[Field, ...]:
        """The fields of a name as it is asked for (`age`, `class:Diet`); none where nobody knows it."""
        name, colon, rest = asked.partition(":")
        found = self._fields.get(name, ())
        return tuple(field for field in found if field.named == bool(colon) and (not colon or rest.strip()))


YES = (Choice("true", T("Yes")), Choice("false", T("No")))
