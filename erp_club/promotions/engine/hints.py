"""Hints for the till: how little is missing for an offer, and what the offer itself would then give more.

The gain is that of the offer by itself, at list prices; where units are missing it is reckoned with the cheapest
matching unit of the basket. It is None where nothing can be said without knowing what will be added.
"""

from collections.abc import Iterable, Sequence

from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions.engine.basket import BP, Basket
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.conditions import QuantityIs
from erp_club.promotions.engine.opening import used_up
from erp_club.promotions.engine.priced import Hint, Reason, Refusal, made
from erp_club.promotions.engine.ready import Part, Ready
from erp_club.promotions.engine.rewards import (
    Amount,
    Bundle,
    BuyGet,
    FixedPrice,
    Gift,
    Percent,
    Reward,
    Spread,
    Step,
    plain,
)
from erp_club.promotions.engine.run import Run
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Scope
from erp_club.promotions.engine.trying import alone, reach, spent_on, step_ahead, with_amount, without_tax

BUY_MORE_UNITS = "buy_more_units"
SPEND_MORE = "spend_more"
_KINDS = {Reason.MIN_QUANTITY: BUY_MORE_UNITS, Reason.MIN_AMOUNT: SPEND_MORE}


def hints_of(run: Run, compiled: Compiled, refused: Iterable[Refusal]) -> tuple[Hint, ...]:
    """For offers that lack only units or an amount, and those that a few units more would let give again."""
    hints: list[Hint] = []
    for refusal in refused:
        ready = compiled.by_code.get(refusal.offer) if refusal.reason in _KINDS and refusal.missing else None
        if ready is not None and ready.hint and not _stays_closed(run, ready):
            hint = _hint(run, compiled, ready, refusal)
            if hint is not None:
                hints.append(hint)
    for record in run.records:
        ready = record.ready
        document = ready.again
        if document is None or not ready.hint:
            continue
        if isinstance(document, BuyGet) or isinstance(document, Bundle):  # noqa: SIM101 - a union is made anew each time
            more = _one_set_more(run, compiled, ready, document)
        else:
            more = _one_step_more(run, compiled, ready)
        if more is not None:
            hints.append(more)
    return tuple(hints)


def _one_step_more(run: Run, compiled: Compiled, ready: Ready) -> Hint | None:
    """The hint for the next step of an offer that grows with the quantity, where one unit reaches it."""
    wanted = step_ahead(run.basket, compiled, ready)
    if wanted is None or wanted[2] > 1:
        return None
    now, then = alone(run, compiled, ready), alone(run, compiled, ready, [wanted])
    if now is None or then is None or then <= now:
        return None
    return Hint(ready.code, BUY_MORE_UNITS, 1, then - now, _units_of(wanted[1], 1))


def _one_set_more(run: Run, compiled: Compiled, ready: Ready, document: BuyGet | Bundle) -> Hint | None:
    """The hint for one set more, where that lacks little and gains something."""
    scope, size = ready.parts[0].slots[0]
    over = _count(run.basket, scope) % size
    missing = size - over
    # What is to be paid for the set is there already.
    if not over or missing > (document.free if isinstance(document, BuyGet) else 1):
        return None
    if isinstance(document, BuyGet):
        exact = missing == document.free and document.off_bp == BP
        gain = _gain(run, ready, missing, missing) if exact else _more_sets(run, compiled, ready, document, missing)
    else:
        gain = _next_bundle(run.basket, scope, over, document.price_minor or 0)
    if gain is not None and gain <= 0:
        return None
    return made(Hint, (ready.code, BUY_MORE_UNITS, missing, gain, _units_of(_one_scope(document), missing)))


def _more_sets(run: Run, compiled: Compiled, ready: Ready, document: BuyGet, missing: int) -> int | None:
    """What one set more gives besides those that are there."""
    wanted = (ready.parts[0].scopes[0], document.on or EVERYTHING, missing)
    now, then = alone(run, compiled, ready), alone(run, compiled, ready, [wanted])
    return None if now is None or then is None else then - now


def _next_bundle(basket: Basket, scope: int, over: int, price_minor: int) -> int:
    """What one bundle more saves: of the units that no full one has, the cheapest, and one more like the cheapest."""
    cost = 0
    for worth, there in sorted([(basket.worth[i], basket.pieces[i]) for i in basket.by_scope[scope]]):
        units = min(over, there)
        cost += worth * units // 1000
        over -= units
        if not over:
            break
    return cost + (_cheapest(basket, scope) or 0) - price_minor


def _stays_closed(run: Run, ready: Ready) -> bool:
    """Whether more goods don't open it: it isn't for here, now or this customer, or it is used up."""
    if len(ready.gates) < 2 and ready.limits is None:
        return False
    closing = (gate(run.basket) for gate in ready.gates)
    if any(failure is not None and failure[0] not in _KINDS for failure in closing):
        return True
    return ready.limits is not None and used_up(run, ready) is not None


def _hint(run: Run, compiled: Compiled, ready: Ready, refusal: Refusal) -> Hint | None:
    """The hint for an offer that lacks goods; None where what is missing wouldn't make it give anything."""
    kind, missing = _KINDS[refusal.reason], refusal.missing or 0
    if kind == SPEND_MORE:
        gain = _gain(run, ready, 0, missing) if _reckoned(ready, 0) else with_amount(run, compiled, ready, missing)
        return Hint(ready.code, kind, missing, gain, spent_on(ready))
    if not ready.asked and _of_one_scope(ready):
        gain, on = _gain(run, ready, missing, missing), _one_scope(ready.parts[0].document)
        if _reckoned(ready, missing):
            return Hint(ready.code, kind, missing, gain, _units_of(on, missing))
    reached = reach(run, compiled, ready)
    if reached.nothing:
        return None
    lacking = sum(count for _, _, count in reached.wanted)
    if lacking < missing:
        # Units that are there, but that an offer of a higher priority has.
        return Hint(ready.code, kind, missing)
    goods = tuple(each for _, on, count in reached.wanted for each in _units_of(on, count))
    return Hint(ready.code, kind, lacking, reached.gain_minor, goods)


def _reckoned(ready: Ready, missing: int) -> bool:
    """Whether sums tell exactly what it would give: one condition at most, and one reward that is plain enough."""
    document = ready.parts[0].document if len(ready.parts) == 1 and len(ready.gates) < 2 else None
    if missing:
        return isinstance(document, Bundle) or (isinstance(document, BuyGet) and missing >= document.free)
    if without_tax(ready.offer.when) or len({*ready.asked, *ready.parts[0].scopes} if ready.parts else ()) != 1:
        return isinstance(document, Gift)
    return isinstance(document, Gift) or (document is not None and plain(document))


def _of_one_scope(ready: Ready) -> bool:
    """Whether it is one reward by sets of one scope: what can't be reckoned there, no trial tells."""
    document = ready.parts[0].document if len(ready.parts) == 1 else None
    return isinstance(document, BuyGet) or (
        isinstance(document, Bundle) and document.price_minor is not None and len(document.slots) == 1
    )


def _one_scope(document: Reward) -> Scope | None:
    """What the sets of one scope are made of."""
    if isinstance(document, Bundle):
        return document.slots[0].on
    return document.on if isinstance(document, BuyGet) else None


def _units_of(on: Scope | None, count: int) -> tuple[tuple[Scope, int], ...]:
    return () if on is None or on.everything else ((on, count),)


def _count(basket: Basket, scope: int) -> int:
    """Units of a scope that offers can tell apart."""
    return sum([basket.pieces[i] for i in basket.by_scope.get(scope, ())])


def _gain(run: Run, ready: Ready, units: int, missing: int) -> int | None:
    """What the offer would give; `units` of them are missing, else an amount."""
    if len(ready.parts) != 1 or (not units and without_tax(ready.offer.when)):
        return None
    part, basket = ready.parts[0], run.basket
    document = part.document
    if type(document) is BuyGet:
        unit = _cheapest(basket, part.scopes[0])
        return None if unit is None else round_div(unit * document.free * document.off_bp, BP, Rounding.HALF_UP)
    if type(document) is Bundle:
        return _bundle_gain(basket, part, document, units)
    if type(document) is Gift:
        worth = [run.facts.products[each].unit_minor for each in document.products if each in run.facts.products]
        return min(worth) * document.quantity if len(worth) == len(document.products) else None
    if isinstance(document, Percent | Amount | FixedPrice) and document.units is None:
        return _scope_gain(basket, ready, part, units, missing)
    return None


def _bundle_gain(basket: Basket, part: Part, document: Bundle, units: int) -> int | None:
    """What one set would save, of the dearest units that are there and the cheapest for what is missing."""
    unit = _cheapest(basket, part.scopes[0])
    if document.price_minor is None or len(document.slots) > 1 or unit is None:
        return None
    there = document.slots[0].quantity - units if document.slots else 0
    gain = _dearest(basket, part.scopes[0], there) + unit * units - document.price_minor
    return gain if gain > 0 else None


def _scope_gain(basket: Basket, ready: Ready, part: Part, units: int, missing: int) -> int | None:
    """What a share, an amount or a price on a whole scope would give, with what is missing added to the scope."""
    scope, document = part.scopes[0], part.document
    more = units if units and any(asked.scope == scope for asked in ready.needed) else 0
    base = basket.amount(scope)
    if more:
        base += more * (_cheapest(basket, scope) or 0)
    elif not units and scope in ready.touches and _asks_amount_of(ready, scope):
        base += missing
    if type(document) is Percent:
        return _share(basket, document, base, basket.count(scope) + more)
    if type(document) is Amount:
        if document.count_in is not None or not _with_tax(basket, document.basis):
            return None
        value = _stepped(document.value_minor, document.steps, basket.count(scope) + more)
        gain = min(base, value) if document.spread is Spread.ONCE else _off_each(basket, scope, document, value, more)
        return gain if gain is None or document.cap_minor is None else min(gain, document.cap_minor)
    if type(document) is FixedPrice:
        price = _stepped(document.price_minor, document.steps, basket.count(scope) + more)
        return sum(max(0, worth - price) * number for worth, number in _units(basket, scope, more))
    return None


def _stepped(value: int, steps: Sequence[Step], count: int) -> int:
    """The value of the highest step that so many units reach."""
    if not steps:
        return value
    return max(((step.from_quantity, step.value) for step in steps if step.from_quantity <= count), default=(0, value))[
        1
    ]


def _share(basket: Basket, document: Percent, base: int, count: int) -> int | None:
    if document.count_in is not None:
        return None
    if document.base_cap_minor is not None:
        base = min(base, document.base_cap_minor)
    gain = round_div(base * min(_stepped(document.value_bp, document.steps, count), BP), BP, Rounding.HALF_UP)
    if document.cap_minor is None or gain <= document.cap_minor:
        return gain
    return document.cap_minor if _with_tax(basket, document.cap_basis) else None


def _off_each(basket: Basket, scope: int, document: Amount, value: int, more: int) -> int | None:
    """So much off each unit; None for what hangs on how units are grouped and lie on lines."""
    grouped = document.spread is Spread.LINE or document.group_size > 1
    if grouped or document.units_per_line is not None or document.first_minor is not None:
        return None
    return sum(min(worth, value) * number for worth, number in _units(basket, scope, more))


def _units(basket: Basket, scope: int, more: int) -> list[tuple[int, int]]:
    """List prices with the units that have them; the cheapest stands for so many more."""
    there = [(basket.worth[i] // 1000, basket.pieces[i]) for i in basket.by_scope.get(scope, ())]
    return [*there, (_cheapest(basket, scope) or 0, more)]


def _with_tax(basket: Basket, basis: Basis | None) -> bool:
    return (basis or basket.facts.policy.amounts_basis) is Basis.INCLUDING


def _asks_amount_of(ready: Ready, scope: int) -> bool:
    """Whether an amount of the very scope of the reward is asked for."""
    return ready.touches == (scope,) and not isinstance(ready.offer.when, QuantityIs)


def _cheapest(basket: Basket, scope: int) -> int | None:
    """The list price of the cheapest unit."""
    worth = [basket.worth[i] for i in basket.by_scope.get(scope, ())]
    return min(worth) // 1000 if worth else None


def _dearest(basket: Basket, scope: int, units: int) -> int:
    """What so many of the dearest units come to."""
    total = 0
    held: Sequence[int] = basket.by_scope.get(scope, ())
    for i in sorted(held, key=lambda i: -basket.worth[i]):
        count = min(units, basket.pieces[i])
        total += basket.worth[i] * count // 1000
        units -= count
    return total
