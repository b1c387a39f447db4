"""Which of a receipt's rows is the first of a department, of a brand within a group, and so on.

A receipt has a row for each department, group and brand together. How many receipts hold goods of a brand can't be
added up from them, since a receipt has several rows of that brand; counted where a row is the first of it, they add up,
however many receipts are told together. No database here.
"""

from collections.abc import Collection
from itertools import combinations

GOODS = ("department", "group", "brand")
"""The ways of grouping products; a row has one of each."""
COUNTED = ("receipts", "purchases", "returns")
"""What is counted once a receipt: itself, and whether it sold or gave back something of the slice."""
SLICES = tuple(slice_ for size in range(1, len(GOODS) + 1) for slice_ in combinations(GOODS, size))
"""What goods may be narrowed to or told by at once, in the order of the bits."""


def bit(kinds: Collection[str], counted: str) -> int:
    """The bit that is set in the first row of these `kinds` together, of those that `counted` counts."""
    place = SLICES.index(tuple(kind for kind in GOODS if kind in kinds))
    return 1 << (place * len(COUNTED) + COUNTED.index(counted))
