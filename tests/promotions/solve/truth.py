"""Small shops at random, and the truth about them: every way to give units to offers, tried one by one."""

import itertools
import random
from collections.abc import Iterator, Sequence

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve import Bundle, Buy, Contender, Lump, Need, Off, PerUnit, Stack
from erp_club.promotions.engine.solve.rules import alone, beside_reserved
from erp_club.promotions.engine.solve.shapes import Shape, Taken

Scope = tuple[int, ...]
Counts = tuple[int, ...]
Role = tuple[int, bool]
"""Number of an offer, and whether the units only fulfil its needs."""

KINDS = (
    "share",
    "share",
    "buy",
    "buy all",
    "bundle",
    "lump",
    "amount",
    "price",
    "few",
    "cheapest",
    "cap",
    "slots",
    "least",
)


def shape(draw: random.Random, on: Scope, other: Scope, kinds: Sequence[str] = KINDS) -> Shape:
    """An offer of a kind drawn, with values that are found in shops."""
    pick = draw.choice
    size = pick((2, 3, 4))
    shapes = {
        "share": PerUnit(on, Off.SHARE, pick((500, 1000, 1500, 2000, 3333))),
        "amount": PerUnit(on, Off.AMOUNT, pick((50, 100, 333)), group=pick((1, 1, 2))),
        "least": PerUnit(on, Off.SHARE, pick((1000, 2000)), least=pick((2, 3))),
        "price": PerUnit(on, Off.PRICE, pick((500, 1000))),
        "few": PerUnit(on, Off.SHARE, pick((2000, 5000)), most=pick((1, 2))),
        "cheapest": PerUnit(on, Off.SHARE, pick((2000, 5000)), most=pick((1, 2)), pick=Pick.CHEAPEST),
        "cap": PerUnit(on, Off.SHARE, pick((2000, 5000)), cap_minor=pick((100, 500))),
        "buy": Buy(on, size, pick((1, max(1, size - 2))), pick((10000, 5000)), Freed.CHEAPEST_OF_EACH, pick((None, 1))),
        "buy all": Buy(on, size, pick((1, max(1, size - 2))), pick((10000, 5000)), times=pick((None, 1))),
        "bundle": Bundle(((on, pick((2, 3))),), *pick(((Off.PRICE, 1500), (Off.SHARE, 2550), (Off.AMOUNT, 90)))),
        "slots": Bundle(((on, pick((1, 2))), (other, 1)), *pick(((Off.PRICE, 2500), (Off.SHARE, 1000)))),
        "lump": Lump(on, pick((200, 500, 1000))),
    }
    return shapes[pick(kinds)]


def shop(
    draw: random.Random, *, lines: int, offers: int, one_scope: bool = False, kinds: Sequence[str] = KINDS
) -> tuple[list[Stack], list[Contender]]:
    """At most so many lines and offers, over one scope or over several that overlap."""
    there = draw.randint(1, lines)
    prices = [draw.randrange(100, 3000, draw.choice((1, 10))) for _ in range(there)]
    stacks = [Stack(draw.choice((1, 1, 2)), price) for price in prices]
    everything = tuple(range(there))
    scopes = [tuple(sorted(draw.sample(everything, draw.randint(1, there)))) for _ in range(5)]
    if one_scope:
        scopes = [everything]
    return stacks, [
        Contender(f"OFFER-{nth}", shape(draw, draw.choice(scopes), draw.choice(scopes), kinds))
        for nth in range(draw.randint(1, offers))
    ]


def shop_with_needs(draw: random.Random) -> tuple[list[Stack], list[Contender]]:
    """One or two offers, most of which want units beside those that they reward."""
    stacks, contenders = shop(draw, lines=4, offers=2, kinds=("share", "few", "buy", "lump"))
    everything = range(len(stacks))
    answer: list[Contender] = []
    for contender in contenders:
        on = tuple(sorted(draw.sample(everything, draw.randint(1, len(stacks)))))
        need = Need(on, draw.choice((1, 2, 3)))
        if draw.random() < 0.7:
            every, times = draw.choice(((False, None), (True, None), (True, 1)))
            answer.append(contender._replace(needs=(need,), every=every, times=times))
        else:
            answer.append(contender)
    heavy = [stack._replace(counts=draw.choice((1, 1, 1, 3))) if stack.units == 1 else stack for stack in stacks]
    return heavy, answer


def best_saving(stacks: Sequence[Stack], contenders: Sequence[Contender]) -> int:
    """The greatest saving of all assignments that the offers allow."""
    offers = [each for each in contenders if not any(_always_beats(other, each) for other in contenders)]
    known: dict[tuple[int, Counts, Counts], int | None] = {}
    best = 0
    for has in _assignments(stacks, offers):
        total = 0
        for number, contender in enumerate(offers):
            mine, needed = _counts(has, (number, False)), _counts(has, (number, True))
            if not any(mine) and not any(needed):
                continue
            question = (number, mine, needed)
            if question not in known:
                known[question] = _gives(stacks, contender, mine, needed)
            gives = known[question]
            if gives is None or not _nothing_passed_over(stacks, contender, mine, has):
                break
            total += gives
        else:
            best = max(best, total)
    return best


def _always_beats(one: Contender, other: Contender) -> bool:
    """Whether the other never has its turn beside the one: the same rule gives more, and leaves no unit over."""
    if one.needs or other.needs or type(one.shape) is not type(other.shape) or _limited(one.shape):
        return False
    (mine, rule), (theirs, same) = _value_and_rule(one.shape), _value_and_rule(other.shape)
    return rule == same and (mine > theirs or (mine == theirs and one.key < other.key))


def _limited(shape: Shape) -> bool:
    match shape:
        case PerUnit():
            return shape.most is not None or shape.cap_minor is not None
        case Buy() | Bundle():
            return shape.times is not None
        case Lump():
            return False


def _value_and_rule(shape: Shape) -> tuple[int, Shape]:
    match shape:
        case PerUnit() | Bundle():
            return (-shape.value if shape.off is Off.PRICE else shape.value), shape._replace(value=0)
        case Buy():
            return shape.off_bp, shape._replace(off_bp=0)
        case Lump():
            return shape.value_minor, shape._replace(value_minor=0)


def _named(shape: Shape) -> set[int]:
    return {i for on, _ in shape.slots for i in on} if isinstance(shape, Bundle) else set(shape.on)


def _assignments(stacks: Sequence[Stack], offers: Sequence[Contender]) -> Iterator[tuple[dict[Role, int], ...]]:
    """For each stack how many units have each role; what is missing of its count is nobody's (role −1)."""
    each: list[list[dict[Role, int]]] = []
    for i, stack in enumerate(stacks):
        roles = [(number, False) for number, offer in enumerate(offers) if i in _named(offer.shape)]
        roles += [(number, True) for number, offer in enumerate(offers) if any(i in need.on for need in offer.needs)]
        counts = itertools.product(range(stack.units + 1), repeat=len(roles))
        each.append(
            [
                {**dict(zip(roles, count, strict=True)), (-1, False): stack.units - sum(count)}
                for count in counts
                if sum(count) <= stack.units
            ]
        )
    yield from itertools.product(*each)


def _counts(has: Sequence[dict[Role, int]], role: Role) -> Counts:
    return tuple(stack.get(role, 0) for stack in has)


def _gives(stacks: Sequence[Stack], contender: Contender, mine: Counts, needed: Counts) -> int | None:
    """What the offer gives on just these units; None where it wouldn't take just these."""
    shape = contender.shape
    if isinstance(shape, Lump) and any(mine[i] + needed[i] != stacks[i].units for i in _named(shape)):
        return None
    if not contender.needs:
        taken = alone(contender, stacks, mine)
        idle_is_fine = isinstance(shape, Buy) and shape.freed is Freed.CHEAPEST_OF_ALL
    else:
        times = _times(stacks, contender, [kept + own for kept, own in zip(needed, mine, strict=True)])
        taken = beside_reserved(contender, stacks, mine, needed, times) if times else None
        idle_is_fine = False
    if taken is None or not (idle_is_fine or _units(taken) == sum(mine) + sum(needed)):
        return None
    return taken.saving_minor


def _times(stacks: Sequence[Stack], contender: Contender, counting: Sequence[int]) -> int:
    """How often these units fulfil the needs (scopes of several needs are disjoint here)."""
    times = contender.times if contender.every and contender.times is not None else 10**6
    for need in contender.needs:
        times = min(times, sum(counting[i] * stacks[i].counts for i in need.on) // need.quantity)
    return times if contender.every else min(times, 1)


def _units(taken: Taken) -> int:
    return sum(share.units for share in taken.shares) + sum(count for _, count in taken.used)


def _nothing_passed_over(
    stacks: Sequence[Stack], contender: Contender, mine: Counts, has: Sequence[dict[Role, int]]
) -> bool:
    """Whether an offer that gives the cheapest has no cheaper units, or any at all, that are nobody's."""
    shape = contender.shape
    over = [i for i in _named(shape) if has[i][-1, False]]
    if isinstance(shape, Buy) and shape.freed is Freed.CHEAPEST_OF_ALL:
        return not over
    if isinstance(shape, PerUnit) and shape.most is not None and shape.pick is Pick.CHEAPEST:
        dearest = max(stacks[i].cost_minor for i, count in enumerate(mine) if count)
        return all(stacks[i].cost_minor >= dearest for i in over)
    return True
