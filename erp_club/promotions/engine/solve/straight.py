"""Whether an offer that is alone on its units is worked out exactly by its own rule, without any search."""

from itertools import combinations

from erp_club.promotions.engine.solve.shapes import Bundle, Contender, Lump


def straight(contender: Contender) -> bool:
    """False where slots or needs overlap so that the order in which they choose could matter."""
    shape = contender.shape
    if not contender.needs and not isinstance(shape, Bundle):
        return True
    slots = [set(on) for on, _ in shape.slots] if isinstance(shape, Bundle) else []
    if not contender.needs:
        return len(slots) < 2 or _apart(slots)
    needs = [set(need.on) for need in contender.needs]
    if isinstance(shape, Lump):
        return shape.whole and not contender.every and _apart(needs)
    return _apart([*needs, *slots, *([] if isinstance(shape, Bundle) else [set(shape.on)])])


def _apart(scopes: list[set[int]]) -> bool:
    return all(one.isdisjoint(other) for one, other in combinations(scopes, 2))
