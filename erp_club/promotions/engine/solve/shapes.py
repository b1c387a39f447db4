"""What the search is told, and what it answers: units that compete, offers reduced to their shape, and who takes which.

Everything is an integer. `SCALE` parts make one minor unit, so that shares of any basis point are compared exactly;
a share is rounded once over all units that it falls on, half up.
"""

from enum import StrEnum
from typing import NamedTuple

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick

SCALE = 10_000


class Stack(NamedTuple):
    """Equal units of one line, in the order of the lines. `cost_minor` is what one of them still costs (≥ 0).

    A line whose units cost differently (an odd agora of an earlier discount) is several stacks. `counts` is what one
    counts towards a quantity that is asked for: a weighed line is one unit, and 3.5 kg of it count for 3.
    """

    units: int
    cost_minor: int
    counts: int = 1


class Off(StrEnum):
    """What a value means: basis points off, an amount off (at most the cost), or the price to pay."""

    SHARE = "share"
    AMOUNT = "amount"
    PRICE = "price"


class PerUnit(NamedTuple):
    """So much off each unit of `on` (indexes of stacks, rising), or each of at most `most` units, picked.

    A share is rounded once over its units; `cap_minor` is the most that it all gives. Only units in full groups of
    `group` count. Picked dearest, the customer has the free choice; picked cheapest, no unit that nobody else takes may
    be passed over.
    """

    on: tuple[int, ...]
    off: Off
    value: int
    most: int | None = None
    pick: Pick = Pick.DEAREST
    cap_minor: int | None = None
    group: int = 1
    least: int = 0
    """It gives nothing on units that count for less than this."""


class Buy(NamedTuple):
    """Of each full `size` units `free` are `off_bp` off; at most `times` times.

    Freed `each`: the cheapest of each group, made from the dearest down, of whatever units it takes. Freed `all`: the
    cheapest of all units that no other offer takes, so that none of these may be passed over. Units that fill no set
    any more are its own as well.
    """

    on: tuple[int, ...]
    size: int
    free: int = 1
    off_bp: int = SCALE
    freed: Freed = Freed.CHEAPEST_OF_ALL
    times: int | None = None


class Bundle(NamedTuple):
    """`slots` (stacks, how many) together for a price, or a share or amount off; never dearer; at most `times` times.

    A share is rounded once over all sets. Sets are filled from the dearest down, or (`pick`) from the cheapest up.
    """

    slots: tuple[tuple[tuple[int, ...], int], ...]
    off: Off
    value: int
    pick: Pick = Pick.DEAREST
    times: int | None = None


class Lump(NamedTuple):
    """`value_minor` once off `on` together, at most what it costs; `every`: once for each time the needs are met.

    It takes every unit of `on`: no other offer may serve any.
    """

    on: tuple[int, ...]
    value_minor: int


Shape = PerUnit | Buy | Bundle | Lump


class Need(NamedTuple):
    """Units that fulfil a condition and are used by it: so many of `on` that they count for `quantity`.

    They give nothing and serve no other offer. Units that the same offer rewards count among them, and a unit may count
    for several needs.
    """

    on: tuple[int, ...]
    quantity: int


class Contender(NamedTuple):
    """An exclusive offer that could give something here; its conditions hold already.

    `key` names it and breaks ties (the smaller first). `needs` are used once; with `every`, once for each application:
    each lets `most` units of PerUnit, one set of Buy or Bundle, one Lump be given, at most `times` (None: no limit).
    A higher `priority` has its units before a lower one is looked at.
    """

    key: str
    shape: Shape
    priority: int = 0
    needs: tuple[Need, ...] = ()
    every: bool = False
    times: int | None = None


class Share(NamedTuple):
    """So many units of a stack, on which an offer's saving lies with this weight (`kernel.money.allocate`)."""

    stack: int
    units: int
    weight: int


class Taken(NamedTuple):
    """What one offer gives: its saving, rounded; the units it lies on; those used without a saving; how many times."""

    key: str
    saving_minor: int
    shares: tuple[Share, ...]
    used: tuple[tuple[int, int], ...] = ()
    """(stack, count) of units that were paid in full to get it."""
    times: int = 1


class Proof(StrEnum):
    """Whether nothing better exists, or this is the best that was found in time."""

    PROVED = "proved"
    TIME_LIMIT = "time_limit"


class Solution(NamedTuple):
    """Who takes which units, in the order of the keys, of offers that give something; and what it saves in all."""

    assignment: tuple[Taken, ...]
    saving_minor: int
    proof: Proof = Proof.PROVED
