"""Whether an offer that is alone on its units is worked out exactly by its own rule, without any search."""

from itertools import combinations

from erp_club.promotions.engine.solve.shapes import Bundle, Contender


def straight(contender: Contender) -> bool:
    """False where slots overlap, so that the order in which they choose could matter."""
    slots = [set(on) for on, _ in contender.shape.slots] if isinstance(contender.shape, Bundle) else []
    return len(slots) < 2 or all(one.isdisjoint(other) for one, other in combinations(slots, 2))
