"""The types of what comes in: bounded, and free of what no table can hold."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import Quantity, T
from erp_club.kernel.typed_numbers import read_number, read_scaled
from erp_club.points.units import POINTS, Unit


class Body(BaseModel):
    """The base of every body: unknown fields are refused, so that a misspelt one isn't silently left out."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _storable(text: str | None) -> str | None:
    # PostgreSQL takes no NUL, and UTF-8 has no lone surrogates. A filter may be unsaid.
    if text and _UNSTORABLE.search(text):
        raise PydanticCustomError("characters", "has characters that can't be stored")
    return text


Storable = AfterValidator(_storable)
Word = Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]
"""A short text that must be there: a name, a code."""
Line = Annotated[str, StringConstraints(max_length=200), Storable]
"""One line of free text."""


def _plain(value: Any) -> Any:
    # Pydantic takes "-0.0" and "7.0" for whole numbers, which nothing else that reads the address does.
    if isinstance(value, str) and not re.fullmatch("[0-9]{1,19}", value):
        raise PydanticCustomError("int_parsing", "is no number of a row")
    return value


Plain = BeforeValidator(_plain)
RowId = Annotated[int, Path(ge=0, le=2**63 - 1), Plain]
"""A row's number in a path."""
ChosenMonths = Annotated[int, Field(ge=1, le=1_200)]
"""The length of a membership that was chosen in place of the usual one."""
SmallRowId = Annotated[int, Path(ge=0, le=2**31 - 1), Plain]
"""The same for tables that stay small, whose numbers are shorter: stores, tills, staff, clubs, products."""


_DECIMAL = re.compile(r"(-?)(\d{1,7})(?:[.,](\d{1,3}))?", re.ASCII)


def _milli(value: Any) -> int:
    match = _DECIMAL.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("quantity_form", "is no decimal number with at most three places, as a text")
    sign, whole, fraction = match.groups()
    milli = int(whole) * 1000 + int((fraction or "").ljust(3, "0"))
    return -milli if sign else milli


def _minor(value: Any) -> int:
    minor = read_scaled(value, 2) if isinstance(value, str) else None
    if minor is None:
        raise PydanticCustomError("decimal_parsing", "is no amount with at most two places")
    return minor


def _number(value: Any) -> Decimal:
    typed = isinstance(value, str | int | float) and not isinstance(value, bool)
    number = read_number(str(value), 2) if typed else None
    if number is None:
        raise PydanticCustomError("int_parsing", "is no number")
    return number


PointsNumber = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema({"type": "integer"})]
"""Points: whole parts of what the account counts or, `in_units`, as many of that as somebody types, point or comma."""
InUnits = Annotated[
    bool,
    Field(description="Points are numbers of the account's unit with decimals, as people type them, not its parts."),
]


def parts_of(number: Decimal, unit: Unit, *, in_units: bool, field: str = "points") -> int:
    """Points of a body in parts. Raises Invalid beside the field for what isn't a whole part."""
    made = (unit if in_units else POINTS).parts(number)
    if made is None:
        steps = unit.scale if in_units else 1
        several = T("Enter a multiple of %(part)s.", part=Quantity(1000 // steps))
        raise Invalid([FieldError(field, T("Enter a whole number.") if steps == 1 else several)])
    return made


QuantityText = Annotated[int, BeforeValidator(_milli), WithJsonSchema({"type": "string", "examples": ["1", "0.755"]})]
"""A quantity as a decimal text, point or comma; read as thousandths."""
AmountText = Annotated[int, BeforeValidator(_minor), WithJsonSchema({"type": "string", "examples": ["200", "12.50"]})]
"""An amount as somebody types it, point or comma; read as minor units."""
Unsaid = BeforeValidator(lambda value: None if value == "" else value)
"""For a filter that may be left empty: a form sends it as an empty text."""


def _reachable(day: dt.date) -> dt.date:
    if not EARLIEST <= day <= LATEST:
        raise PydanticCustomError("day_range", "is not between 1900 and 2999")
    return day


Seen = Annotated[str, Field(max_length=40, description="The version that was seen; 409 `stale` if it is another now")]
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2999, 12, 31)
NearDay = Annotated[dt.date, AfterValidator(_reachable)]
"""A day whose neighbours, months before and after it, are days too."""
AskedDay = Annotated[NearDay | None, Unsaid]
"""Such a day to filter by, or none."""
