"""Numbers as people type them: a point or a comma before the decimals, thousands apart or not. Pure."""

import re
from decimal import Decimal

_UNCLEAR = re.compile(r"-?[1-9]\d{0,2},\d{3}")
_PLAIN = re.compile(r"(-?\d{1,15})(?:[.,](\d{1,9}))?")
_GROUPED = re.compile(r"(-?[1-9]\d{0,2}(?:([, \u00a0\u2009\u202f])\d{3})(?:\2\d{3}){0,4})(?:(?!\2)[.,](\d{1,9}))?")


def read_number(text: str, places: int) -> Decimal | None:
    """`"1,5"`, `"12.50"`, `"2 000"` or `"2,000.50"` as a number with at most so many decimals; None for anything else.

    A comma before three digits parts thousands, as in points and amounts: `"2,000"` is two thousand of them. Of what
    has thousandths nobody can tell whether it means 2 or 2000, so that it is neither. A point never parts thousands.
    """
    bare = text.strip().replace("\u2212", "-")
    if places > 2 and _UNCLEAR.fullmatch(bare):
        return None
    plain = _PLAIN.fullmatch(bare)
    if plain is not None and len(plain[2] or "") <= places:
        return Decimal(f"{plain[1]}.{plain[2] or 0}")
    grouped = _GROUPED.fullmatch(bare)
    if grouped is None or len(grouped[3] or "") > places:
        return None
    return Decimal(f"{grouped[1].replace(grouped[2], '')}.{grouped[3] or 0}")


def read_scaled(text: str, places: int) -> int | None:
    """The same in whole parts, 10 to the power of `places` of which make one: an amount in minor units with 2."""
    number = read_number(text, places)
    return None if number is None else int(number.scaleb(places))
