"""What an account counts, and how a number of it is written. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from erp_club.kernel.text import TN, Name, Quantity, T, Text


@dataclass(frozen=True, slots=True)
class PointsUnit:
    """What an account counts. Amounts of it are whole parts, `scale` of which make one: 3 of scale 2 are 1.5.

    `names` by language is what several are called, `one` what a single one is; without names they are points.
    """

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    one: Mapping[str, str] = field(default_factory=dict[str, str])
    scale: int = 1

    def whole(self, parts: int) -> Decimal:
        """So many parts as a number of the unit: exact, for every scale that there is has an end in decimals."""
        return Decimal(parts) / self.scale

    def cell(self, parts: int) -> int | Decimal:
        """The same for a file: a whole number where the unit has no parts."""
        return parts if self.scale == 1 else self.whole(parts)

    def parts(self, whole: Decimal) -> int | None:
        """A number of the unit in parts; None where it isn't a whole number of them."""
        made = whole * self.scale
        return int(made) if made == made.to_integral_value() else None


Unit = PointsUnit
POINTS = Unit()


def unit_of(said: Unit | Mapping[str, Any] | None) -> Unit:
    """The unit, from how a table keeps it; points where nothing is said."""
    return said if isinstance(said, Unit) else Unit(**said) if said else POINTS


def only(units: Iterable[Unit]) -> Unit | None:
    """The unit that all of them are; None where they differ, so that their amounts make no sum."""
    found = [*units]
    return found[0] if found and all(each == found[0] for each in found) else None


def summed(amounts: Iterable[tuple[int, Unit]]) -> list[tuple[int, Unit]]:
    """The sum of each unit, in the order in which they come: those of different ones make none."""
    found: list[tuple[int, Unit]] = []
    for parts, unit in amounts:
        at = next((index for index, (_, known) in enumerate(found) if known == unit), None)
        if at is None:
            found.append((parts, unit))
        else:
            found[at] = (found[at][0] + parts, unit)
    return found


def counted(parts: int, unit: Unit, number: object, *, in_words: bool = True) -> Text:
    """So many with their word; `number` is how many as it is written.

    Some languages say one and two in words alone: not where the number has to be seen (`in_words`).
    """
    whole = parts // unit.scale if parts % unit.scale == 0 else None
    if unit.names:
        called = {**unit.names, **(unit.one if whole in {1, -1} else {})}
        return Text("%(count)s %(unit)s", {"count": number, "unit": Name(called)})
    if whole is None:
        return T("%(count)s points", count=number)
    if not in_words:
        return TN("%(count)s point", "%(count)s points", abs(whole), count=number)
    return TN("%(num)s point", "%(num)s points", whole, num=number)


def told(parts: int, unit: Unit) -> Text:
    """So many with their word, for a sentence."""
    return counted(parts, unit, parts if unit.scale == 1 else Quantity(parts * 1000 // unit.scale))
