"""Which fields of the form count points: these are typed as people see them, in the account's unit, not its parts.

Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from erp_club.kernel.typed_numbers import read_number
from erp_club.points.units import PointsUnit
from web.programme_forms.fields import Ask
from web.programme_forms.paths import Document, at, parent, word

_POINTS = frozenset(
    {
        "points", "most_points", "most_points_day", "most_points_month", "most_points_visit", "least_points",
        "least_balance", "worth_points", "from_points", "to_points",
    }
)  # fmt: skip
_STEPS = frozenset({"redemption.step", "charity.step"})
_FIGURES = frozenset({"at", "from_amount", "every", "at_least", "keep_at_least"})
"""Figures of a measure: points where that counts points."""
_COUNTED = frozenset({"points", "balance", "counter"})


def scale_of(document: Document) -> int:
    """Into how many parts the account cuts one of what it counts."""
    said = at(document, "unit.scale")
    return said if isinstance(said, int) and said > 0 else 1


def in_units(asks: Iterable[Ask], document: Document) -> Iterator[Ask]:
    """The fields, those that count points told apart where one of them has parts."""
    parted = scale_of(document) > 1
    for ask in asks:
        points = parted and ask.control == "number" and _counts_points(document, ask.name)
        yield replace(ask, control="points") if points else ask


def _counts_points(document: Document, name: str) -> bool:
    last = name.rpartition(".")[2]
    if last in _POINTS or name in _STEPS:
        return True
    if last == "value":
        return _of_rule(document, name, "gives.kind") == "points"
    return last in _FIGURES and _measure(document, name) in _COUNTED


def _of_rule(document: Document, name: str, field: str) -> str:
    """A field of the reward that a place is in."""
    rule = name.partition("]")[0] + "]"
    return word(document, f"{rule}.{field}")


def _measure(document: Document, name: str) -> str:
    """What is counted where a figure stands."""
    if name.startswith("levels."):
        return word(document, "levels.measure.counts")
    if ".needs[" in name:
        return word(document, f"{parent(name)}.measure.counts")
    return _of_rule(document, name, "base.counts")


def parts_of(text: str, scale: int) -> int | None:
    """What is typed, in parts; None where it isn't a whole number of them."""
    number = read_number(text, 2)
    return None if number is None else PointsUnit(scale=scale).parts(number)
