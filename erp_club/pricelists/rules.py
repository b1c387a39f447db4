"""What the entries of price lists say to one basket: pure.

Of a list under which the lowest price wins every entry counts, and the pricing engine takes the lowest. A list that
holds always must say one thing: its entry for the product goes before the one for its group, that before the one for
everything, and of each the one for this store before the one for all.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions.engine.facts import ListPrice
from erp_club.promotions.engine.scope import EVERYTHING, Scope


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in force in one store on one day, with whom its list is for.

    `sku` or `group` (by name) or neither: everything. `club` is a code. `here`: said of just this store.
    """

    list_code: str
    club: str | None
    level: str | None
    segment: str | None
    always: bool
    sku: str | None
    group: str | None
    price_minor: int | None
    off_bp: int | None
    here: bool = False

    def is_for(self, clubs: Mapping[str, str | None], segments: Collection[str]) -> bool:
        """Whether somebody in these clubs (code to level) and segments (by name) buys at its list."""
        if self.segment is not None:
            return self.segment in segments
        levels = clubs.values() if self.club is None else [clubs[self.club]] if self.club in clubs else []
        return any(self.level in (None, level) for level in levels)


def price_of(regular_minor: int, *, price_minor: int | None, off_bp: int | None) -> int:
    """What a unit costs at an entry's price or share off, as the pricing engine makes it: halves are rounded up."""
    if price_minor is not None:
        return price_minor
    return round_div(regular_minor * (10_000 - (off_bp or 0)), 10_000, Rounding.HALF_UP)


def list_prices(
    entries: Iterable[Entry], *, clubs: Mapping[str, str | None], segments: Collection[str] = ()
) -> tuple[ListPrice, ...]:
    """The list prices of somebody with these clubs (code to level) and segments, in the order of the lists' codes.

    `entries` are those in force for the basket's products, of whichever list. Nobody known has no clubs and no
    segments, so no list price.
    """
    by_list: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.is_for(clubs, segments):
            by_list.setdefault(entry.list_code, []).append(entry)
    made: list[ListPrice] = []
    for code in sorted(by_list):
        said = by_list[code]
        made += (
            _the_narrowest(said)
            if said[0].always
            else [_price(entry, scope_of(entry.sku, entry.group)) for entry in said]
        )
    return tuple(made)


@lru_cache(16_384)
def scope_of(sku: str | None, group: str | None) -> Scope:
    """The product, the group, or everything: what an entry is said of."""
    if sku is not None:
        return Scope(products=(sku,))
    return EVERYTHING if group is None else Scope(groups=(group,))


def _the_narrowest(said: list[Entry]) -> list[ListPrice]:
    here = {(entry.sku, entry.group) for entry in said if entry.here}
    kept = [entry for entry in said if entry.here or (entry.sku, entry.group) not in here]
    products = tuple(sorted({entry.sku for entry in kept if entry.sku is not None}))
    groups = tuple(sorted({entry.group for entry in kept if entry.group is not None}))
    made: list[ListPrice] = []
    for entry in kept:
        scope = scope_of(entry.sku, entry.group)
        if entry.sku is None and (products or groups):
            passed = () if entry.group is not None else groups
            scope = Scope(groups=scope.groups, without_products=products, without_groups=passed)
        made.append(_price(entry, scope))
    return made


def _price(entry: Entry, on: Scope) -> ListPrice:
    return ListPrice(
        on=on, price_minor=entry.price_minor, off_bp=entry.off_bp, always=entry.always, list_code=entry.list_code
    )
