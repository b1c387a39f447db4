"""What an offer would give by itself once what is missing for it lies in the basket: tried on such a basket.

For what can't be reckoned from sums: bundles of several slots, offers of several parts, rewards on picked units.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from erp_club.promotions.engine.basket import Basket, net_of, tax_on
from erp_club.promotions.engine.compete import compete
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.conditions import All, AmountIs, Condition, QuantityIs
from erp_club.promotions.engine.facts import Facts, Line
from erp_club.promotions.engine.give import in_order
from erp_club.promotions.engine.ready import Part, Ready
from erp_club.promotions.engine.rewards import (
    Amount,
    Bundle,
    BuyGet,
    FixedPrice,
    Gift,
    Percent,
    Redeem,
    Surprise,
    plain,
)
from erp_club.promotions.engine.run import BY_ITSELF, Open, Run, run_of
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Pick, Scope
from erp_club.promotions.engine.scopes import holds
from erp_club.promotions.engine.sets import Sets
from erp_club.promotions.engine.shares import floor_of
from erp_club.promotions.engine.stages import take_turn

_ROUNDS = 12
"""So many scopes are asked about at most, one after the other, before nothing is said of a gain."""
Wanted = tuple[int, Scope, int]
"""The scope of which units are missing, as a number and as it is written, and how many."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The units with which an offer gives something, and what; None where nothing tells, or where that is no money.

    `nothing`: with the cheapest that there are it would still save nothing.
    """

    wanted: tuple[Wanted, ...]
    gain_minor: int | None = None
    nothing: bool = False


def reach(run: Run, compiled: Compiled, ready: Ready) -> Reached:
    """What is missing in all, for the conditions and for the sets that then are formed."""
    lines: list[Line] = list(run.facts.lines)
    basket, wanted, priced = run.basket, list[Wanted](), True
    for _ in range(_ROUNDS):
        lacking = wanted_of(basket, compiled, ready)
        if not lacking:
            break
        # What is named first: it counts for what is asked of more goods too.
        each = min(lacking, key=_breadth)
        known = _with_cheapest(run, lines, each)
        priced = priced and known is not None
        lines = known or [*lines, _unknown(each)]
        wanted = _together([*wanted, each])
        basket = Basket(replace(run.facts, lines=tuple(lines)), compiled.scopes)
    gain = _given(replace(run.facts, lines=tuple(lines)), compiled, ready) if priced else None
    return Reached(tuple(wanted), gain, priced and gain is None and _in_vain(basket, ready))


def _in_vain(basket: Basket, ready: Ready) -> bool:
    """Whether an offer that gives nothing on this basket is one of money, on goods that are there."""
    if any(gate(basket) is not None for gate in ready.gates):
        return True
    document = ready.parts[0].document if len(ready.parts) == 1 else None
    there = all(basket.by_scope.get(scope) for part in ready.parts for scope in part.scopes)
    return there and isinstance(document, Bundle | FixedPrice)


def _unknown(wanted: Wanted) -> Line:
    """Units of a scope of which nobody knows the price, to count what else is missing."""
    _, on, count = wanted
    product, group = next(iter(on.products), ""), next(iter(on.groups), None)
    department, brand = next(iter(on.departments), None), next(iter(on.brands), None)
    return Line("", product, count * 1000, 0, group=group, department=department, brand=brand)


def _together(wanted: list[Wanted]) -> list[Wanted]:
    """The same with one entry a scope."""
    made: dict[int, Wanted] = {}
    for scope, on, count in wanted:
        made[scope] = (scope, on, count + (made[scope][2] if scope in made else 0))
    return list(made.values())


def with_amount(run: Run, compiled: Compiled, ready: Ready, missing_minor: int) -> int | None:
    """What it would give with so much more bought: of the goods that it is about, where it is about one kind alone.

    None where what it gives hangs on which units those are.
    """
    basket, facts = run.basket, run.facts
    asked = {i for scope in ready.asked for i in basket.by_scope.get(scope, ())}
    given = [part for part in ready.parts if not isinstance(part.document, Gift)]
    if any(
        not plain(part.document) and not asked.isdisjoint(basket.by_scope.get(scope, ()))
        for part in given
        for scope in part.scopes
    ):
        return None
    of_all = compiled.scopes.number(EVERYTHING)
    scopes = {scope for part in given for scope in part.scopes if scope != of_all} | set(ready.asked)
    held = basket.by_scope.get(next(iter(scopes)), ()) if len(scopes) == len(set(ready.asked)) == 1 else ()
    if not held and len(ready.gates) > 1:
        return None
    # At the prices of the lists already: a list mustn't lower what is missing.
    lines = [replace(line, unit_minor=basket.unit(i), reduced=basket.reduced(i)) for i, line in enumerate(facts.lines)]
    if held:
        line = lines[min(held, key=lambda i: basket.worth[i])]
        with_tax, asked_without = facts.policy.prices_include_tax, without_tax(ready.offer.when)
        if asked_without and with_tax:
            missing_minor += tax_on(missing_minor, line.vat_bp)
        elif not asked_without and not with_tax:
            missing_minor = net_of(missing_minor, line.vat_bp)
        lines.append(replace(line, unit_minor=missing_minor, quantity_milli=1000))
    return _given(replace(facts, lines=tuple(lines), price_lists=()), compiled, ready, reached=not held)


def spent_on(ready: Ready) -> tuple[tuple[Scope, int], ...]:
    """What an amount that is missing must be spent on, where it is one scope and not everything."""
    asked = list(_asked(ready.offer.when, AmountIs))
    return ((asked[0], 0),) if len(asked) == 1 and not asked[0].everything else ()


def without_tax(condition: Condition) -> bool:
    """Whether it asks for an amount without tax."""
    if isinstance(condition, All):
        return any(without_tax(each) for each in condition.all)
    return isinstance(condition, AmountIs) and condition.basis is Basis.EXCLUDING


def _given(facts: Facts, compiled: Compiled, ready: Ready, *, reached: bool = False) -> int | None:
    """What the offer takes off this basket by itself, with the worth of what it adds. `reached`: conditions hold.

    None for what is no money: a draw, points that pay, a coupon for the next time.
    """
    if not ready.parts or any(isinstance(part.document, Redeem | Surprise) for part in ready.parts):
        return None
    run = run_of(facts, compiled.scopes)
    if not reached and any(gate(run.basket) is not None for gate in ready.gates):
        return None
    times = min([each(run.basket) for each in ready.times], default=1)
    offer = Open(ready, max(1, times), None, BY_ITSELF)
    for each in compete(run, ready.group, [offer]) if ready.competes else [offer]:
        take_turn(run, each)
    worths = [_worth(facts, (product,), count) for _, product, count in run.gifts]
    quantity = next((part.document.quantity for part in ready.parts if isinstance(part.document, Gift)), 1)
    worths += [_worth(facts, each.choices, quantity) for each in run.pending]
    added = [worth for worth in worths if worth is not None]
    if len(added) < len(worths):
        return None
    return sum([record.amount() for record in run.records]) + sum(added) or None


def _worth(facts: Facts, products: Sequence[str], count: int) -> int | None:
    """What so many of the cheapest of these are worth; None where a price isn't known."""
    known = [facts.products[each].unit_minor * count for each in products if each in facts.products]
    return min(known) if len(known) == len(products) else None


def wanted_of(basket: Basket, compiled: Compiled, ready: Ready) -> list[Wanted]:
    """The units that its conditions lack, those that a set does, and those up to its first step."""
    asked = zip(ready.needed, _asked(ready.offer.when, QuantityIs), strict=True)
    lacking = [(each.scope, on, each.quantity - basket.count(each.scope)) for each, on in asked]
    for part in ready.parts:
        named = {scope: on for (scope, _), on in zip(part.slots, _slots(part), strict=True)}
        short = [(scope, named[scope], count) for scope, count in _lacking(basket, part) if count] if named else []
        if short:
            lacking += short
            break
    floor = floor_of(ready.offer.rewards[0]) if len(ready.offer.rewards) == 1 else None
    if floor is not None:
        scope = compiled.scopes.number(floor.of or EVERYTHING)
        lacking.append((scope, floor.of or EVERYTHING, floor.quantity - basket.count(scope)))
    return [each for each in lacking if each[2] > 0]


def _breadth(wanted: Wanted) -> tuple[bool, bool, int]:
    """How much a scope holds, as far as its words tell."""
    _, on, _ = wanted
    return on.everything, not on.products, len(on.products) + len(on.groups) + len(on.departments) + len(on.brands)


def alone(run: Run, compiled: Compiled, ready: Ready, more: Sequence[Wanted] = ()) -> int | None:
    """What it gives by itself on this basket with so many units more, the cheapest there are; None for an unknown."""
    lines: Sequence[Line] | None = run.facts.lines
    for each in more:
        lines = _with_cheapest(run, lines, each)
        if lines is None:
            return None
    return _given(replace(run.facts, lines=tuple(lines)), compiled, ready)


def step_ahead(basket: Basket, compiled: Compiled, ready: Ready) -> Wanted | None:
    """The units that the next step lacks of an offer that grows with the quantity; None for any other."""
    document = ready.parts[0].document if len(ready.parts) == 1 else None
    if not isinstance(document, Percent | Amount | FixedPrice) or not document.steps:
        return None
    counted = None if isinstance(document, FixedPrice) else document.count_in
    on = counted or document.on or EVERYTHING
    scope = compiled.scopes.number(on)
    missing = [step.from_quantity - basket.count(scope) for step in document.steps]
    ahead = min((each for each in missing if each > 0), default=None)
    return None if ahead is None else (scope, on, ahead)


def _asked(condition: Condition, kind: type[AmountIs] | type[QuantityIs]) -> Iterator[Scope]:
    """The scopes of the amounts, or quantities, that must all be there, in the order in which they were compiled."""
    if isinstance(condition, All):
        for each in condition.all:
            yield from _asked(each, kind)
    elif isinstance(condition, kind):
        yield condition.of or EVERYTHING


def _slots(part: Part) -> list[Scope]:
    """The scopes of its slots as they are written."""
    document = part.document
    if isinstance(document, Bundle):
        return [slot.on or EVERYTHING for slot in document.slots]
    return [document.on or EVERYTHING] if isinstance(document, BuyGet) else []


def _lacking(basket: Basket, part: Part) -> list[tuple[int, int]]:
    """The units that each slot of a set lacks."""
    dearest = isinstance(part.document, Bundle) and part.document.pick is Pick.DEAREST
    slots = [
        (scope, quantity, in_order(basket, basket.open_lots(scope), dearest=dearest)) for scope, quantity in part.slots
    ]
    slots.sort(key=lambda slot: sum(lot.count for lot in slot[2]) - slot[1])
    former = Sets([(lots, quantity) for _, quantity, lots in slots])
    former.take(None)
    return [(scope, lacking) for (scope, _, _), lacking in zip(slots, former.lacking, strict=True)]


def _with_cheapest(run: Run, lines: Sequence[Line], wanted: Wanted) -> list[Line] | None:
    """The lines with so many units more of the cheapest of a scope: in the basket, else of those that are known."""
    scope, on, count = wanted
    basket, more = run.basket, list(lines)
    held = basket.by_scope.get(scope, ())
    if held:
        i = min(held, key=lambda i: basket.worth[i])
        line = more[i]
        if line.quantity_milli % 1000 == 0:
            more[i] = replace(line, quantity_milli=line.quantity_milli + count * 1000)
        else:
            more += [line] * count
        return more
    known = [line for line in run.facts.products.values() if on.products and line.unit_minor and holds(on, line)]
    if not known:
        return None
    return [*more, replace(min(known, key=lambda line: line.unit_minor), quantity_milli=count * 1000)]
