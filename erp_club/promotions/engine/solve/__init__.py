"""Which exclusive offer gets which units, so that the customer saves most.

`solve(stacks, contenders, deadline_ms=50)` is asked once for each group of offers that exclude each other: a unit
serves at most one of them. Higher priorities choose first; within a priority the greatest saving in whole minor units
wins. Of offers that differ only in their value the best is looked at, of equal ones that of the smaller key; of those
that give to so many units at most, as many of the best as there are units for. Of equal savings the one is kept that
is found first, with offers in the order of their keys and units from the cheapest up, those of equal cost in the order
of the lines; where it costs nothing, with fewer units. So the saving doesn't hang on the order of lines or offers, and
the same question has the same answer (unless the deadline cuts the search off).

    stacks = (Stack(2, 990, 990), Stack(1, 2490, 2490))
    solve(stacks, (Contender("TEN", PerUnit((0, 1), Off.SHARE, 1000)), Contender("3FOR2", Buy((0, 1), 3))))
    # Solution((Taken("3FOR2", 990, (Share(0, 1, 990),), used=((0, 1), (1, 1))),), 990)

Shares of savings on lines: `allocate(taken.saving_minor, [share.weight for share in taken.shares])`.

Inside: `search` prunes and divides; `fills` is exact for few open sets, `programme` for the rest in the time there is,
`greedy` is the least that is answered. They only decide who gets which units; `rules` says what an offer gives on them.
"""

from erp_club.promotions.engine.solve.search import solve
from erp_club.promotions.engine.solve.shapes import (
    SCALE,
    Bundle,
    Buy,
    Contender,
    Lump,
    Need,
    Off,
    PerUnit,
    Proof,
    Share,
    Solution,
    Stack,
    Taken,
)

__all__ = [
    "SCALE",
    "Bundle",
    "Buy",
    "Contender",
    "Lump",
    "Need",
    "Off",
    "PerUnit",
    "Proof",
    "Share",
    "Solution",
    "Stack",
    "Taken",
    "solve",
]
