"""The units that an exclusive offer uses beside those that it rewards: those that fulfil its conditions."""

from erp_club.promotions.engine.basket import Basket
from erp_club.promotions.engine.field import Field
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Percent, Spread
from erp_club.promotions.engine.run import Open
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve import Need


def units_used(basket: Basket, offer: Open, ground: Field) -> tuple[tuple[Need, ...], bool, bool]:
    """The units that fulfil the conditions and are used by that, beside the ones that are rewarded.

    `every`: each time that it is given with units of its own. Otherwise all of its times are decided as one.
    A reward on all units of a scope lies on those that fulfil its condition too. Of one on some units these count
    among them: "the dearest half off, from three on" takes three. Not `apart`: it is the cheapest of all that are
    counted, and so takes them all, lest it count cheaper ones and lie on a dearer one.
    """
    ready = offer.ready
    rewarded = {i for part in ready.parts for scope in part.scopes for i in basket.by_scope.get(scope, ())}
    document = ready.parts[0].document
    picked = document if isinstance(document, Percent | Amount | FixedPrice) and document.units is not None else None
    as_one = _decided_as_one(offer)
    every = as_one is None and all(asked.every and not basket.heavier(asked.scope) for asked in ready.needed)
    times = 1 if every else as_one or offer.times
    needs: list[Need] = []
    apart = True
    for asked in ready.needed:
        own = 0
        if not rewarded.isdisjoint(basket.by_scope.get(asked.scope, ())):
            if picked is None or picked.units is None:
                continue
            if picked.pick is Pick.CHEAPEST:
                apart = False
                continue
            own = picked.units * times
        wanted = basket.units_in(asked.scope, asked.for_times(times)) - own
        if wanted > 0:
            needs.append(Need(ground.on(asked.scope), wanted))
    return tuple(needs if len(needs) < 2 else _once(needs, ground)), every and bool(needs), apart


def _once(needs: list[Need], ground: Field) -> list[Need]:
    """The same where a unit that fulfils two conditions is used once: the wider one needs what the others leave."""
    units = {i: ground.stacks[i].units for need in needs for i in need.on}
    kept: list[Need] = []
    for need in sorted(needs, key=lambda need: sum([units[i] for i in need.on])):
        both = [min(other.quantity, sum([units[i] for i in other.on if i in need.on])) for other in kept]
        if need.quantity > sum(both):
            kept.append(Need(need.on, need.quantity - sum(both)))
    return kept


def _decided_as_one(offer: Open) -> int | None:
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
