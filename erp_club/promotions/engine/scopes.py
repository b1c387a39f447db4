"""Which lines every scope holds, found by looking each line up once.

Equal scopes of different offers share one number, so that a basket is grouped once however many offers there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from erp_club.promotions.engine.facts import Line
from erp_club.promotions.engine.scope import Scope

GOODS = "goods"
_NONE: tuple[int, ...] = ()


class Counted(NamedTuple):
    """So many units of a scope, which a condition asks for; `every`: for each time that the offer is given."""

    scope: int
    quantity: int
    every: bool

    def for_times(self, times: int) -> int:
        """The units that it asks for where the offer is given so often."""
        return self.quantity * times if self.every else self.quantity


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a scope passes over among the lines that it names."""

    products: frozenset[str]
    groups: frozenset[str]
    departments: frozenset[str]
    brands: frozenset[str]
    regular_price_only: bool

    def holds(self, line: Line, reduced: bool) -> bool:
        """Whether the line is passed over. `reduced`: it is sold below its regular price."""
        return (
            (reduced and self.regular_price_only)
            or line.product in self.products
            or line.group in self.groups
            or line.department in self.departments
            or line.brand in self.brands
        )


def _exclusion(scope: Scope) -> Exclusion | None:
    """What the scope passes over; None for nothing."""
    without = (scope.without_products, scope.without_groups, scope.without_departments, scope.without_brands)
    if not any(without) and not scope.regular_price_only:
        return None
    products, groups, departments, brands = (frozenset(each) for each in without)
    return Exclusion(products, groups, departments, brands, scope.regular_price_only)


_Key = tuple[tuple[tuple[str, ...], ...], bool]


def _key(scope: Scope) -> _Key:
    """The same for scopes that hold the same lines, in whatever order they name them."""
    named = (
        scope.products,
        scope.groups,
        scope.departments,
        scope.brands,
        scope.kinds,
        scope.without_products,
        scope.without_groups,
        scope.without_departments,
        scope.without_brands,
    )
    if max(map(len, named)) > 1:
        named = tuple([tuple(sorted(set(words))) for words in named])
    return named, scope.regular_price_only


@dataclass(slots=True)
class Scopes:
    """Numbered scopes, and where each word that they name leads."""

    numbers: dict[_Key, int] = field(default_factory=dict[_Key, int])
    known: dict[int, tuple[Scope, int]] = field(default_factory=dict[int, tuple[Scope, int]])
    """By identity: an offer asks for each of its scopes half a dozen times. It holds them, or another could be taken
    for one that is gone."""
    exclusions: dict[int, Exclusion] = field(default_factory=dict[int, Exclusion])
    regular_price_only: bool = False
    """Whether any scope passes over what is sold below its regular price."""
    everything: list[int] = field(default_factory=list[int])
    by_product: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    by_group: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    by_department: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    by_brand: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    by_kind: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def number(self, scope: Scope) -> int:
        """The number of a scope, the same for equal ones."""
        known = self.known.get(id(scope))
        if known is None:
            known = self.known[id(scope)] = (scope, self._number(scope))
        return known[1]

    def _number(self, scope: Scope) -> int:
        key = _key(scope)
        known = self.numbers.get(key)
        if known is not None:
            return known
        number = self.numbers[key] = len(self.numbers)
        exclusion = _exclusion(scope)
        if exclusion is not None:
            self.exclusions[number] = exclusion
            self.regular_price_only |= exclusion.regular_price_only
        if scope.everything:
            self.everything.append(number)
        for index, words in (
            (self.by_product, scope.products),
            (self.by_group, scope.groups),
            (self.by_department, scope.departments),
            (self.by_brand, scope.brands),
            (self.by_kind, scope.kinds),
        ):
            for word in set(words):
                index[word] = (*index.get(word, _NONE), number)
        return number

    def find(
        self, lines: Sequence[Line], touchable: Iterable[int], reduced: Callable[[int], bool]
    ) -> dict[int, list[int]]:
        """The lines (by position, ascending) of every scope that holds any. Only `touchable` lines are looked at."""
        found: dict[int, list[int]] = {}
        goods: list[int] = []
        exclusions, by_product, by_group, by_kind = self.exclusions, self.by_product, self.by_group, self.by_kind
        widely = self.by_department or self.by_brand
        for i in touchable:
            line = lines[i]
            kind, group = line.kind, line.group
            numbers = by_product.get(line.product, _NONE)
            if group in by_group:
                numbers = numbers + by_group[group] if numbers else by_group[group]
            if by_kind:
                numbers += by_kind.get(kind, _NONE)
            if kind == GOODS:
                goods.append(i)
                if widely:
                    numbers += self._widely(line)
            for number in numbers:
                if exclusions and number in exclusions and exclusions[number].holds(line, reduced(i)):
                    continue
                held = found.get(number)
                if held is None:
                    found[number] = [i]
                elif held[-1] != i:
                    held.append(i)
        for number in self.everything if goods else ():
            exclusion = self.exclusions.get(number)
            held = goods if exclusion is None else [i for i in goods if not exclusion.holds(lines[i], reduced(i))]
            if held:
                found[number] = held
        return found

    def _widely(self, line: Line) -> tuple[int, ...]:
        """The scopes that name the line's department or brand, which hold goods only."""
        numbers = _NONE
        if line.department in self.by_department:
            numbers += self.by_department[line.department]
        if line.brand in self.by_brand:
            numbers += self.by_brand[line.brand]
        return numbers


def holds(scope: Scope, line: Line, *, reduced: bool = False) -> bool:
    """Whether a scope holds a line: for the few scopes that come with the facts and aren't compiled."""
    exclusion = _exclusion(scope)
    if exclusion is not None and exclusion.holds(line, reduced):
        return False
    if scope.everything:
        return line.kind == GOODS
    if line.product in scope.products or line.group in scope.groups or line.kind in scope.kinds:
        return True
    return line.kind == GOODS and (line.department in scope.departments or line.brand in scope.brands)


Held = Mapping[int, list[int]]
