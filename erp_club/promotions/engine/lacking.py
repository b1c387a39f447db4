"""Of which goods the units are that an offer lacks: for the words about it, once a basket is priced."""

from collections.abc import Mapping

from erp_club.promotions.engine.basket import Basket
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.facts import Facts
from erp_club.promotions.engine.priced import Priced, Reason
from erp_club.promotions.engine.scope import Scope
from erp_club.promotions.engine.trying import spent_on, wanted_of

Goods = tuple[tuple[Scope, int], ...]


def lacking(facts: Facts, compiled: Compiled, priced: Priced) -> Mapping[str, Goods]:
    """By the offer's code, what is missing of which scope; 0 where it is an amount. None where any will do."""
    found: dict[str, Goods] = {}
    whole = (hint for hint in priced.hints if hint.missing == sum(count for _, count in hint.goods))
    hinted = {hint.offer: hint.goods for hint in whole}
    basket: Basket | None = None
    for refusal in priced.refused:
        ready = compiled.by_code.get(refusal.offer) if refusal.missing else None
        if ready is None:
            continue
        goods: Goods = ()
        if refusal.reason is Reason.MIN_AMOUNT:
            goods = spent_on(ready)
        elif refusal.reason is Reason.MIN_QUANTITY:
            goods = hinted.get(ready.code, ())
            if not goods:
                basket = basket or Basket(facts, compiled.scopes)
                goods = tuple((on, count) for _, on, count in wanted_of(basket, compiled, ready))
            # Units that are there, but that another offer has, are of no use to name.
            if sum(count for _, count in goods) < (refusal.missing or 0) or any(on.everything for on, _ in goods):
                goods = ()
        if goods:
            found[ready.code] = goods
    return found
