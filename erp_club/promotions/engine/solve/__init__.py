"""Which exclusive offer gets which units, so that the customer saves most.

`solve(stacks, contenders, deadline_ms=50)` is asked once for each group of offers that exclude each other; a unit serves
at most one of them. Higher priorities choose first; among one priority the greatest saving in whole minor units wins.
Of equal savings the one is kept that uses fewer units, then that of the smaller keys; units of equal cost go in the
order of the lines. The answer doesn't hang on the order of stacks (but for that last rule) or of contenders.

    stacks = (Stack(2, 990, 990), Stack(1, 2490, 2490))
    solve(stacks, (Contender("TEN", PerUnit((0, 1), Off.SHARE, 1000)), Contender("3FOR2", Buy((0, 1), 3))))
    # Solution((Taken("3FOR2", 990, (Share(0, 1, 990),), used=((0, 1), (1, 1))),), 990)

Shares of savings on lines: `allocate(taken.saving_minor, [share.weight for share in taken.shares])`.
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
