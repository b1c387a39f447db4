"""The combination of overlapping offers as an integer programme: variables, rows, and what a solution means.

Equal units are one variable. Sums that must be rounded are variables of their own, so that the objective is whole minor
units and a bound less than one above the best found proves it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.prune import given_units, scope
from erp_club.promotions.engine.solve.rules import most_times
from erp_club.promotions.engine.solve.shapes import SCALE, Bundle, Buy, Contender, Lump, Off, PerUnit, Stack
from erp_club.promotions.engine.solve.units import order, unit_gain

FREE = float("inf")
Row = tuple[dict[int, int], float, float]


@dataclass(slots=True)
class Model:
    """Columns with their largest value and what one is worth (minor units); rows as coefficients with bounds."""

    most: list[float] = field(default_factory=list[float])
    worth: list[int] = field(default_factory=list[int])
    rows: list[Row] = field(default_factory=list[Row])
    takers: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """For each class of units the columns that take one of them."""
    roles: dict[tuple[int, str], list[tuple[int, int]]] = field(
        default_factory=dict[tuple[int, str], list[tuple[int, int]]]
    )
    """For each offer (number) and role (`have`: the shape's own units, `need`) its (column, class)."""
    times: dict[int, int] = field(default_factory=dict[int, int])
    """For each offer with needs the column of how many times they are met."""

    def column(self, most: float, worth: int = 0) -> int:
        """A new whole number from 0 to `most`."""
        self.most.append(most)
        self.worth.append(worth)
        return len(self.most) - 1

    def taker(self, number: int, role: str, unit: int, most: int, worth: int = 0) -> int:
        """A column that says how many units of a class an offer has in this role."""
        column = self.column(most, worth)
        self.takers.setdefault(unit, []).append(column)
        self.roles.setdefault((number, role), []).append((column, unit))
        return column

    def row(self, low: float, high: float, *terms: tuple[int, int]) -> None:
        """low ≤ Σ coefficient × column ≤ high; `terms` are (column, coefficient), and may name a column again."""
        row: dict[int, int] = {}
        for column, coefficient in terms:
            row[column] = row.get(column, 0) + coefficient
        self.rows.append((row, low, high))


def build(units: Sequence[Stack], contenders: Sequence[Contender]) -> Model:
    """The programme over classes of equal units (their `count` is what is left); contenders' scopes are of these."""
    model = Model()
    strict: list[tuple[int, Contender]] = []
    cheapest: list[list[tuple[int, int]]] = []
    for number, contender in enumerate(contenders):
        offer = _Offer(model, units, number, contender)
        active = offer.add()
        if active is not None:
            strict.append((active, contender))
        if offer.cheapest:
            cheapest.append(offer.cheapest)
    for unit, columns in model.takers.items():
        model.row(0, units[unit].units, *((column, 1) for column in columns))
    for active, contender in strict:
        for unit in given_units(contender):
            count = units[unit].units
            # Where the offer is given, every unit of its scope is somebody's.
            model.row(0, FREE, (active, -count), *((column, 1) for column in model.takers[unit]))
    for columns in cheapest:
        for unit, whole in _from_the_dearest(model, units, columns):
            model.row(0, FREE, (whole, -units[unit].units), *((column, 1) for column in model.takers[unit]))
    return model


class _Offer:
    """One offer's columns and rows."""

    def __init__(self, model: Model, units: Sequence[Stack], number: int, contender: Contender) -> None:
        self.model, self.units, self.number, self.contender = model, units, number, contender
        self.times: int | None = None
        self.cheapest: list[tuple[int, int]] = []
        """(column, class) of units of which no cheaper one may be nobody's."""

    def add(self) -> int | None:
        """Adds the offer; the column that says whether it is given, where it may not pass over units, else None."""
        if self.contender.needs or self.contender.every:
            self._needs()
        active = self._shape()
        self._met()
        return active

    def _shape(self) -> int | None:
        match self.contender.shape:
            case PerUnit() as shape:
                return self._per_unit(shape)
            case Buy() as shape:
                return self._buy(shape)
            case Bundle() as shape:
                self._bundle(shape)
            case Lump() as shape:
                self._lump(shape)
        return None

    def _most(self, on: Sequence[int]) -> int:
        return sum(self.units[unit].units for unit in on)

    def _needs(self) -> None:
        contender, model = self.contender, self.model
        limit = most_times(contender, self.units, [unit.units for unit in self.units])
        self.times = model.times[self.number] = model.column(limit)
        for unit in sorted({unit for need in contender.needs for unit in need.on}):
            model.taker(self.number, "need", unit, self.units[unit].units)

    def _met(self) -> None:
        """What it holds for its needs and what it rewards meet them so many times; it holds no more than they ask."""
        if self.times is None:
            return
        kept = self.model.roles.get((self.number, "need"), [])
        held = [*self.model.roles.get((self.number, "have"), []), *kept]
        for need in self.contender.needs:
            terms = [(column, self.units[unit].counts) for column, unit in held if unit in need.on]
            self.model.row(0, FREE, (self.times, -need.quantity), *terms)
        most = sum(need.quantity for need in self.contender.needs)
        most += max((self.units[unit].counts for _, unit in kept), default=1) - 1
        terms = [(column, self.units[unit].counts) for column, unit in kept]
        self.model.row(-FREE, 0, (self.times, -most), *terms)

    def _only_with_needs(self, columns: Sequence[int], each: int | None) -> None:
        """Units are given only where the needs are met; with `every`, at most `each` for each time."""
        if self.times is None:
            return
        if self.contender.every and each is not None:
            self.model.row(-FREE, 0, (self.times, -each), *((column, 1) for column in columns))
            return
        for column in columns:
            self.model.row(-FREE, 0, (self.times, -int(self.model.most[column])), (column, 1))

    def _rounded(self, terms: Sequence[tuple[int, int]], cap_minor: int | None) -> None:
        """The sum of scaled gains is worth its whole minor units, at most the cap."""
        model = self.model
        if cap_minor is None and all(gain % SCALE == 0 for _, gain in terms):
            for column, gain in terms:
                model.worth[column] += gain // SCALE
            return
        most = sum(int(model.most[column]) * gain for column, gain in terms) // SCALE + 1
        total = model.column(most if cap_minor is None else min(most, cap_minor), 1)
        # Smaller numbers are safer in floating point; a multiple of the divisor is never between.
        divisor = math.gcd(SCALE, *(gain for _, gain in terms))
        terms = [(column, -gain // divisor) for column, gain in terms]
        model.row(-FREE, SCALE // 2 // divisor, (total, SCALE // divisor), *terms)

    def _per_unit(self, shape: PerUnit) -> int | None:
        model = self.model
        picks = shape.pick is Pick.CHEAPEST and shape.most is not None
        on = shape.on
        if not picks and shape.group == 1 and shape.least <= 1:
            on = [unit for unit in on if unit_gain(shape.off, shape.value, self.units[unit].cost_minor)]
        columns = [(model.taker(self.number, "have", unit, self.units[unit].units), unit) for unit in on]
        gains = [unit_gain(shape.off, shape.value, self.units[unit].cost_minor) for unit in on]
        self._rounded([(column, gain) for (column, _), gain in zip(columns, gains, strict=True)], shape.cap_minor)
        plain = [column for column, _ in columns]
        self._only_with_needs(plain, shape.most)
        if shape.most is not None and not (self.contender.every and self.times is not None):
            model.row(0, shape.most, *((column, 1) for column in plain))
        if shape.group > 1:
            groups = model.column(self._most(shape.on) // shape.group)
            model.row(0, 0, (groups, -shape.group), *((column, 1) for column in plain))
        if shape.least > 1:
            enough = model.column(1)
            model.row(0, FREE, (enough, -shape.least), *((column, self.units[unit].counts) for column, unit in columns))
            for column in plain:
                model.row(-FREE, 0, (column, 1), (enough, -int(model.most[column])))
        if not picks or self.contender.every:
            return None
        self.cheapest = columns
        return None

    def _buy(self, shape: Buy) -> int | None:
        model, size, free = self.model, shape.size, shape.free
        there = self._most(shape.on)
        most = there // size if shape.times is None else min(there // size, shape.times)
        times = model.column(most)
        if self.times is not None:
            model.row(-FREE, 0, (times, 1), (self.times, -1 if self.contender.every else -most))
        dear = order(shape.on, self.units, Pick.DEAREST)
        paid = [(model.taker(self.number, "have", unit, self.units[unit].units), unit) for unit in dear]
        freed = [(model.taker(self.number, "have", unit, self.units[unit].units), unit) for unit in dear]
        self._rounded([(column, self.units[unit].cost_minor * shape.off_bp) for column, unit in freed], None)
        model.row(0, 0, (times, -free), *((column, 1) for column, _ in freed))
        if shape.freed is Freed.CHEAPEST_OF_EACH:
            model.row(0, 0, (times, free - size), *((column, 1) for column, _ in paid))
            self._each(shape, paid, freed, most)
            return None
        model.row(0, FREE, (times, free - size), *((column, 1) for column, _ in paid))
        if shape.times is None or there < (shape.times + 1) * size:
            model.row(-FREE, size - 1, (times, free - size), *((column, 1) for column, _ in paid))
        self._cheapest_first(freed, paid)
        active = model.column(1)
        model.row(0, FREE, (times, 1), (active, -1))
        for column, unit in [*paid, *freed]:
            model.row(-FREE, 0, (column, 1), (active, -self.units[unit].units))
        return active

    def _each(self, shape: Buy, paid: list[tuple[int, int]], freed: list[tuple[int, int]], most: int) -> None:
        """From the dearest down, no more are freed than full groups of paid units allow."""
        model, free, per = self.model, shape.free, shape.size - shape.free
        for end in range(1, len(paid) + 1):
            before = [(column, 1) for column, _ in freed[:end]]
            if free == 1:
                model.row(
                    0, FREE, *((column, 1) for column, _ in paid[:end]), *((column, -per) for column, _ in before)
                )
                continue
            groups = model.column(most)
            model.row(-FREE, 0, (groups, -free), *before)
            model.row(0, FREE, (groups, -per), *((column, 1) for column, _ in paid[:end]))

    def _cheapest_first(self, given: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> None:
        """No unit is given that is dearer than one of its others: from the dearest down, once one is given all are."""
        model, units = self.model, self.units
        by_class = {unit: column for column, unit in others}
        for unit, whole in _from_the_dearest(model, units, given):
            count = units[unit].units
            model.row(-FREE, count, (by_class[unit], 1), (whole, count))

    def _bundle(self, shape: Bundle) -> None:
        model = self.model
        there = self._most(sorted(scope(self.contender))) // sum(quantity for _, quantity in shape.slots)
        most = there if shape.times is None else min(there, shape.times)
        sets = model.column(most)
        if self.times is not None:
            model.row(-FREE, 0, (sets, 1), (self.times, -1 if self.contender.every else -most))
        members: list[tuple[int, int]] = []
        for on, quantity in shape.slots:
            slot = [(model.taker(self.number, "have", unit, self.units[unit].units), unit) for unit in on]
            model.row(0, 0, (sets, -quantity), *((column, 1) for column, _ in slot))
            members += slot
        cost = [(column, self.units[unit].cost_minor) for column, unit in members]
        if shape.off is Off.SHARE:
            self._rounded([(column, each * shape.value) for column, each in cost], None)
        elif shape.off is Off.PRICE:
            for column, each in cost:
                model.worth[column] += each
            model.worth[sets] -= shape.value
        else:
            total = model.column(most * shape.value, 1)
            model.row(-FREE, 0, (total, 1), (sets, -shape.value))
            model.row(-FREE, 0, (total, 1), *((column, -each) for column, each in cost))

    def _lump(self, shape: Lump) -> None:
        model, units = self.model, self.units
        given = self.times if self.times is not None else model.column(1)
        columns = [(model.taker(self.number, "have", unit, units[unit].units), unit) for unit in shape.on]
        here = model.column(1)
        model.row(-FREE, 0, (here, 1), (given, -1))
        for column, unit in columns:
            model.row(0, 0, (column, 1), (here, -units[unit].units))
        held = [(column, -units[unit].cost_minor) for column, unit in columns]
        total = model.column(shape.value_minor * int(model.most[given]), 1)
        model.row(-FREE, 0, (total, 1), (given, -shape.value_minor))
        model.row(-FREE, 0, (total, 1), *held)


def _from_the_dearest(model: Model, units: Sequence[Stack], given: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each class a column that is 1 where a unit that stands before it is given, from the dearest down."""
    marks: list[tuple[int, int]] = []
    earlier: int | None = None
    for column, unit in sorted(given, key=lambda pair: (-units[pair[1]].cost_minor, pair[1])):
        whole, some = model.column(1), model.column(1)
        if earlier is not None:
            model.row(0, FREE, (whole, 1), (earlier, -1))
        model.row(0, FREE, (some, 1), (whole, -1))
        model.row(-FREE, 0, (column, 1), (some, -units[unit].units))
        earlier = some
        marks.append((unit, whole))
    return marks
