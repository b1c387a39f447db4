"""The units that an exclusive offer uses: those that fulfil its conditions, whether it rewards them or not."""

from typing import NamedTuple

from erp_club.promotions.engine.basket import Basket
from erp_club.promotions.engine.field import Field
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Percent, Spread
from erp_club.promotions.engine.run import Open
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.scopes import Counted
from erp_club.promotions.engine.solve import Need


class Using(NamedTuple):
    """What an offer must hold of the units that its conditions count.

    `every`: each time that it is given, with units of its own. Otherwise all of its times are decided as one. `least`
    of the very units that it rewards one by one. Not `apart`: what it gives is the cheapest of all that are counted,
    and so it takes them all, lest it count cheaper ones and lie on a dearer one.
    """

    needs: tuple[Need, ...] = ()
    every: bool = False
    apart: bool = True
    least: int = 0


NOTHING = Using()


def units_used(basket: Basket, offer: Open, ground: Field, *, whole: bool = False) -> Using:
    """What it must hold. `whole`: it takes all units of what it rewards, for all of its times together."""
    ready = offer.ready
    if not ready.uses_needed:
        return NOTHING
    rewarded = {i for part in ready.parts for scope in part.scopes for i in basket.by_scope.get(scope, ())}
    document = ready.parts[0].document
    some = isinstance(document, Percent | Amount | FixedPrice)
    once = isinstance(document, Amount) and document.spread is Spread.ONCE and document.units is None
    as_one = as_one_of(offer)
    every = not whole and as_one is None and all(asked.every for asked in ready.needed)
    needs: list[Need] = []
    apart, least = True, 0
    for asked in ready.needed:
        held = basket.by_scope.get(asked.scope, ())
        if (whole or once) and rewarded.issuperset(held):
            continue
        quantity = asked.for_times(1 if every else as_one or offer.times)
        if some and document.units is None and _of_its_own(ready, asked):
            least = max(least, quantity)
        elif quantity > _in_a_set(ready, asked):
            needs.append(Need(ground.on(asked.scope), quantity))
        if some and document.units is not None and document.pick is Pick.CHEAPEST:
            apart &= rewarded.isdisjoint(held)
    return Using(tuple(needs), every and bool(needs), apart, least)


def _of_its_own(ready: Ready, asked: Counted) -> bool:
    """Whether it asks for units of the very scope that it rewards."""
    return len(ready.parts) == 1 and ready.parts[0].scopes == (asked.scope,)


def _in_a_set(ready: Ready, asked: Counted) -> int:
    """How many of the units that it asks for are in each of its sets."""
    return sum(quantity for scope, quantity in ready.parts[0].slots if scope == asked.scope)


def as_one_of(offer: Open) -> int | None:
    """How often it takes the units that its condition needs, where they all go together; None for time by time.

    More times are worth nothing to a share without a limit, and to sets that repeat anyway; they only make an amount
    off each unit larger.
    """
    document = offer.ready.parts[0].document
    if isinstance(document, BuyGet | Bundle):
        if document.applications is None:
            return 1
        return None if document.applications == 1 else offer.times
    if isinstance(document, Amount) and document.spread is Spread.UNIT and document.units is None:
        return offer.times
    return 1 if isinstance(document, Percent | FixedPrice) and document.units is None else None
