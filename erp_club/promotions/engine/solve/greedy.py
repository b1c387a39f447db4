"""The quick answer: one offer after the other, each on what the ones before have left. Never the last word."""

from collections.abc import Callable, Sequence

from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.shapes import Contender, Lump, Stack, Taken

_MOST_ROUNDS = 60


def greedy(stacks: Sequence[Stack], contenders: Sequence[Contender], left: Sequence[int]) -> list[Taken]:
    """The better of two ways: always the offer that saves most, or the one that saves most of what it touches."""
    by_saving = _one_by_one(stacks, contenders, left, lambda taken: taken.saving_minor)
    if len(contenders) < 2:
        return by_saving
    by_share = _one_by_one(stacks, contenders, left, lambda taken: taken.saving_minor * 10**6 // touched(taken, stacks))
    return max((by_saving, by_share), key=saving)


def saving(taken: Sequence[Taken]) -> int:
    """What they save in all."""
    return sum([each.saving_minor for each in taken])


def touched(taken: Taken, stacks: Sequence[Stack]) -> int:
    """What the units cost that the offer lies on or uses; at least 1."""
    rewarded = sum(share.units * stacks[share.stack].cost_minor for share in taken.shares)
    return max(1, rewarded + sum(count * stacks[i].cost_minor for i, count in taken.used))


def without(left: Sequence[int], taken: Sequence[Taken]) -> list[int]:
    """What is left after these."""
    rest = list(left)
    for each in taken:
        for share in each.shares:
            rest[share.stack] -= share.units
        for i, count in each.used:
            rest[i] -= count
    return rest


def _one_by_one(
    stacks: Sequence[Stack], contenders: Sequence[Contender], left: Sequence[int], worth: Callable[[Taken], int]
) -> list[Taken]:
    """What an offer was worth before others took units is the most it is worth now: few need a second look."""
    rest = list(left)
    chosen: list[Taken] = []
    waiting = [(worth(taken), contender) for contender in contenders if (taken := alone(contender, stacks, rest))]
    while waiting and len(chosen) < _MOST_ROUNDS:
        waiting.sort(key=lambda pair: -pair[0])
        best: tuple[int, Contender, Taken] | None = None
        again: list[tuple[int, Contender]] = []
        for nth, (most, contender) in enumerate(waiting):
            if best is not None and best[0] >= most:
                again += waiting[nth:]
                break
            taken = alone(contender, stacks, rest) if whole_there(contender, left, rest) else None
            if taken is not None:
                again.append((min(most, worth(taken)), contender))
                if best is None or worth(taken) > best[0]:
                    best = (worth(taken), contender, taken)
        if best is None:
            break
        chosen.append(best[2])
        rest = without(rest, [best[2]])
        waiting = [pair for pair in again if pair[1] is not best[1]]
    return chosen


def whole_there(contender: Contender, left: Sequence[int], rest: Sequence[int]) -> bool:
    """Whether an offer that takes its whole scope can still have it."""
    shape = contender.shape
    return not isinstance(shape, Lump) or all(rest[i] == left[i] for i in shape.on)


def touched_units(taken: Sequence[Taken]) -> int:
    """How many units they reward or use."""
    return sum(sum(share.units for share in each.shares) + sum(count for _, count in each.used) for each in taken)
