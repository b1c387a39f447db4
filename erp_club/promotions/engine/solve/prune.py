"""What needn't be searched: offers that another one beats on the very same units, and offers that share no units."""

from collections.abc import Hashable, Sequence
from itertools import chain

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.shapes import Bundle, Buy, Contender, Lump, Off, PerUnit, Stack, Taken


def undominated(contenders: Sequence[Contender], left: Sequence[int]) -> list[Contender]:
    """Of offers that differ in nothing but their value, the best one; of equal ones that of the smallest key.

    Of those that leave units over (so many units, sets, or so much money at most) as many of the best as there are
    units for. `contenders` are in the order of their keys, and so is the answer.
    """
    if len({type(contender.shape) for contender in contenders}) == len(contenders):
        return list(contenders)
    alike: dict[Hashable, list[tuple[int, Contender]]] = {}
    for contender in contenders:
        kind, value = _kind_and_value(contender)
        alike.setdefault(kind, []).append((value, contender))
    if len(alike) == len(contenders):
        return list(contenders)
    kept: list[Contender] = []
    for held in alike.values():
        many = _room(held[0][1].shape, left) if len(held) > 1 else 1
        held.sort(key=_by_value)
        kept += [contender for _, contender in held[:many]]
    return sorted(kept, key=_key)


def _by_value(pair: tuple[int, Contender]) -> int:
    return -pair[0]


def _room(shape: PerUnit | Buy | Bundle | Lump, left: Sequence[int]) -> int:
    """How many of several such offers could be given at once: one where the best of them leaves no units over."""
    match shape:
        case PerUnit():
            if shape.most is None and shape.cap_minor is None:
                return 1
            there, least = sum([left[i] for i in shape.on]), shape.group
        case Buy() | Bundle():
            if shape.times is None:
                return 1
            on = shape.on if isinstance(shape, Buy) else {i for on, _ in shape.slots for i in on}
            there = sum([left[i] for i in on])
            least = shape.size if isinstance(shape, Buy) else sum([quantity for _, quantity in shape.slots])
        case Lump():
            return 1
    return max(1, there // least)


def _kind_and_value(contender: Contender) -> tuple[Hashable, int]:
    if contender.needs or contender.every:
        return contender.key, 0
    shape = contender.shape
    match shape:
        case PerUnit():
            value = -shape.value if shape.off is Off.PRICE else shape.value
            if shape.most is None and shape.cap_minor is None:
                return (shape.on, shape.off, shape.group, shape.least), value
            limits = (shape.most, shape.pick, shape.cap_minor)
            return (shape.on, shape.off, shape.group, shape.least, *limits), value
        case Buy():
            return (shape.on, shape.size, shape.free, shape.freed, shape.times), shape.off_bp
        case Bundle():
            value = -shape.value if shape.off is Off.PRICE else shape.value
            return (shape.slots, shape.off, shape.pick, shape.times), value
        case Lump():
            return shape.on, shape.value_minor


def scope(contender: Contender) -> set[int]:
    """The stacks that an offer may take units of."""
    shape = contender.shape
    touched = {i for on, _ in shape.slots for i in on} if isinstance(shape, Bundle) else set(shape.on)
    for need in contender.needs:
        touched.update(need.on)
    return touched


def given_units(contender: Contender) -> Sequence[int]:
    """The stacks of an offer that gives the cheapest: of those, and not of what its condition asks for."""
    return () if isinstance(contender.shape, Bundle) else contender.shape.on


def components(contenders: Sequence[Contender], left: Sequence[int]) -> list[list[Contender]]:
    """Offers that share units, directly or over others, together; each in the order given."""
    alike: dict[tuple[int, ...], list[Contender]] = {}
    for contender in contenders:
        alike.setdefault(_all_units(contender), []).append(contender)
    if len(set(chain.from_iterable(alike))) == sum([len(on) for on in alike]):
        return list(alike.values())
    owner: dict[int, tuple[int, ...]] = {}
    merged = False
    for on in list(alike):
        # Offers of one scope stand under that scope; where scopes share a unit, all move under the later one.
        others = {owner[i] for i in on if i in owner and left[i]}
        for i in on:
            owner[i] = on
        for other in others:
            merged = True
            alike[on] = alike[other] + alike[on]
            alike[other] = []
            owner.update([(i, on) for i, belongs in owner.items() if belongs == other])
    if not merged:
        return list(alike.values())
    groups = [sorted(group, key=_key) for group in alike.values() if group]
    return sorted(groups, key=lambda group: group[0].key)


def _key(contender: Contender) -> str:
    return contender.key


def _all_units(contender: Contender) -> tuple[int, ...]:
    """The stacks that an offer may take units of, rising."""
    shape = contender.shape
    if not contender.needs:
        if not isinstance(shape, Bundle):
            return shape.on
        if len(shape.slots) == 1:
            return shape.slots[0][0]
    return tuple(sorted(scope(contender)))


def takes_any(contender: Contender) -> bool:
    """Whether it takes any units, each for itself."""
    return not contender.needs and not contender.every and is_flat(contender.shape)


def is_flat(shape: PerUnit | Buy | Bundle | Lump) -> bool:
    """The same of a shape."""
    return (
        isinstance(shape, PerUnit)
        and shape.most is None
        and shape.cap_minor is None
        and shape.group == 1
        and shape.least <= 1
    )


def picks_cheapest(contender: Contender) -> bool:
    """Whether it gives the cheapest units, and so may not pass over those that nobody else takes."""
    shape = contender.shape
    if isinstance(shape, Buy):
        return shape.freed is Freed.CHEAPEST_OF_ALL
    return isinstance(shape, PerUnit) and shape.most is not None and shape.pick is Pick.CHEAPEST


def choosing(contender: Contender) -> Contender:
    """The same offer, were it free to choose its units."""
    shape = contender.shape
    if isinstance(shape, Buy):
        return contender._replace(shape=shape._replace(freed=Freed.CHEAPEST_OF_EACH))
    if isinstance(shape, PerUnit):
        return contender._replace(shape=shape._replace(pick=Pick.DEAREST))
    return contender


def beside(contender: Contender, taken: Taken, mine: Sequence[int], left: Sequence[int]) -> list[int]:
    """What is nobody's beside an offer that has `mine`: of cheapest units it holds those that fill no set as well."""
    shape = contender.shape
    if isinstance(shape, Buy) and shape.freed is Freed.CHEAPEST_OF_ALL:
        return [there - held for there, held in zip(left, mine, strict=True)]
    rest = list(left)
    for i, units, _ in taken.shares:
        rest[i] -= units
    for i, units in taken.used:
        rest[i] -= units
    return rest


def nothing_passed_over(
    stacks: Sequence[Stack], contenders: Sequence[Contender], over: Sequence[int], taken: Sequence[Taken]
) -> bool:
    """Whether no offer that gives the cheapest leaves a cheaper unit to nobody. `over`: units that nobody holds."""
    given = {each.key: each for each in taken}
    for contender in contenders:
        if contender.key not in given or not picks_cheapest(contender):
            continue
        dearest = max(stacks[share.stack].cost_minor for share in given[contender.key].shares)
        if any(over[i] and stacks[i].cost_minor < dearest for i in given_units(contender)):
            return False
    return True
