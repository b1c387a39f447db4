"""The baskets and offers that pricing is measured on, for us and for peers alike.

A basket has 20 lines of 5 product groups, 1 to 3 units each. Of ten offers four take a share off a group, three give
the third unit free, two are three for a price, one takes an amount off from a threshold on; all exclude each other, and
the best combination for the customer is asked for. *Spread*: two offers a group, so the more offers the more groups.
*Dense*: all offers on the five groups of the basket. It needs the standard library alone, so that peers can read it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

GROUPS = 5
PRODUCTS = 4


class Kind(StrEnum):
    """What an offer is, as every peer knows it."""

    PERCENT = "percent"
    BUY_TWO_GET_ONE = "buy_two_get_one"
    THREE_FOR = "three_for"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Plan:
    """An offer of the workload: a percentage, or minor units; `least_minor` is the threshold of an amount."""

    number: int
    kind: Kind
    group: int
    value: int
    least_minor: int
    priority: int


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the workload; the number is its place among all."""

    number: int
    group: int
    price_minor: int


def groups_of(offers: int, *, dense: bool) -> int:
    """How many product groups there are for so many offers."""
    return GROUPS if dense else max(GROUPS, offers // 2)


def plans(offers: int, *, dense: bool = False) -> list[Plan]:
    """The offers, always the same ones."""
    draw = random.Random(7)
    groups = groups_of(offers, dense=dense)
    return [_plan(draw, number, groups, offers) for number in range(offers)]


def _plan(draw: random.Random, number: int, groups: int, offers: int) -> Plan:
    group, share = number % groups, (number // groups + number) % 10
    if share < 4:
        kind, value, least = Kind.PERCENT, draw.choice((5, 10, 15, 20)), 0
    elif share < 7:
        kind, value, least = Kind.BUY_TWO_GET_ONE, 3, 0
    elif share < 9:
        kind, value, least = Kind.THREE_FOR, draw.choice((1500, 2000, 2500)), 0
    else:
        least = draw.choice((5000, 10000))
        kind, value = Kind.AMOUNT, draw.choice((500, 1000))
    return Plan(number, kind, group, value, least, offers - number)


def products(groups: int) -> list[Product]:
    """Four products for each group."""
    draw = random.Random(3)
    pairs = ((group, place) for group in range(groups) for place in range(PRODUCTS))
    return [Product(group * PRODUCTS + place, group, draw.randrange(490, 4990, 10)) for group, place in pairs]


def baskets(count: int, groups: int) -> Iterator[list[tuple[int, int]]]:
    """Baskets as (number of a product, quantity)."""
    draw = random.Random(11)
    for _ in range(count):
        chosen = draw.sample(range(groups), GROUPS)
        yield [
            (group * PRODUCTS + place, draw.choice((1, 1, 1, 2, 2, 3))) for group in chosen for place in range(PRODUCTS)
        ]
