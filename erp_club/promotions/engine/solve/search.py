"""The search for the assignment that saves most."""

from collections.abc import Sequence

from erp_club.promotions.engine.solve.shapes import Contender, Solution, Stack


def solve(stacks: Sequence[Stack], contenders: Sequence[Contender], *, deadline_ms: int = 50) -> Solution:
    """The assignment of units to offers with the greatest saving, among those of the highest priority first.

    `deadline_ms` bounds the exact search where scopes overlap; what greedy choice finds is the least that is answered.
    Keys must be distinct. An offer that gives nothing isn't in the answer.
    """
    raise NotImplementedError
