"""Equal units as one class: of two thousand lines few differ in what a unit costs and which offers could have it."""

from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.promotions.engine.solve.shapes import Bundle, Contender, Need, Share, Stack, Taken


@dataclass(frozen=True, slots=True)
class Classes:
    """`units`: one stack a class; `members`: its stacks in the order of the lines; `contenders`: over classes."""

    units: list[Stack]
    members: list[list[int]]
    contenders: list[Contender]


def classes(stacks: Sequence[Stack], contenders: Sequence[Contender], left: Sequence[int]) -> Classes:
    """The units that these offers compete for, by cost, what they count, and which scopes name them.

    In an order that hangs on that alone, so that what a search finds doesn't hang on the order of the lines.
    """
    scopes = list(dict.fromkeys(on for contender in contenders for on in _scopes(contender)))
    named: dict[int, list[int]] = {}
    for nth, on in enumerate(scopes):
        for i in on:
            if left[i]:
                named.setdefault(i, []).append(nth)
    alike: dict[tuple[int, int, tuple[int, ...]], list[int]] = {}
    for i in sorted(named):
        alike.setdefault((stacks[i].cost_minor, stacks[i].counts, tuple(named[i])), []).append(i)
    ordered = sorted(alike.items())
    members = [each for _, each in ordered]
    units = [Stack(sum(left[i] for i in each), cost, counts) for (cost, counts, _), each in ordered]
    number = {i: nth for nth, each in enumerate(members) for i in each}
    renumbered = {on: tuple(sorted({number[i] for i in on if i in number})) for on in scopes}
    return Classes(units, members, [_renumbered(contender, renumbered) for contender in contenders])


def _scopes(contender: Contender) -> list[tuple[int, ...]]:
    shape = contender.shape
    own = [on for on, _ in shape.slots] if isinstance(shape, Bundle) else [shape.on]
    return own + [need.on for need in contender.needs]


def _renumbered(contender: Contender, to: dict[tuple[int, ...], tuple[int, ...]]) -> Contender:
    shape = contender.shape
    if isinstance(shape, Bundle):
        shape = shape._replace(slots=tuple((to[on], quantity) for on, quantity in shape.slots))
    else:
        shape = shape._replace(on=to[shape.on])
    needs = tuple(Need(to[need.on], need.quantity) for need in contender.needs)
    return contender._replace(shape=shape, needs=needs)


def of_stacks(taken: Sequence[Taken], grouped: Classes, left: Sequence[int]) -> list[Taken]:
    """The same with stacks instead of classes: who comes first (by key, rewarded before used) has the earlier lines."""
    rest = list(left)

    def hand_out(unit: int, count: int) -> list[tuple[int, int]]:
        handed: list[tuple[int, int]] = []
        for i in grouped.members[unit]:
            take = min(rest[i], count)
            if take:
                rest[i] -= take
                count -= take
                handed.append((i, take))
        return handed

    answer: list[Taken] = []
    for each in sorted(taken, key=lambda taken: taken.key):
        shares = [
            Share(i, count, share.weight // share.units * count)
            for share in each.shares
            for i, count in hand_out(share.stack, share.units)
        ]
        used = [pair for unit, count in each.used for pair in hand_out(unit, count)]
        shares.sort(key=lambda share: share.stack)
        answer.append(each._replace(shares=tuple(shares), used=tuple(sorted(used))))
    return answer
