"""What an offer would give by itself once what is missing for it lies in the basket: tried on such a basket.

For what can't be reckoned from sums: bundles of several slots, offers of several parts, rewards on picked units.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from erp_club.promotions.engine.basket import Basket, net_of, tax_on
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.conditions import All, AmountIs, Condition, QuantityIs
from erp_club.promotions.engine.facts import Facts, Line
from erp_club.promotions.engine.give import Give, in_order
from erp_club.promotions.engine.ready import Part, Ready
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Gift, Percent, Redeem, Surprise
from erp_club.promotions.engine.run import BY_ITSELF, Open, Run, run_of
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Pick, Scope
from erp_club.promotions.engine.scopes import holds
from erp_club.promotions.engine.sets import Sets
from erp_club.promotions.engine.stages import work_out

Wanted = tuple[int, Scope, int]
"""The scope of which units are missing, as a number and as it is written, and how many."""


def with_units(run: Run, compiled: Compiled, ready: Ready, wanted: Sequence[Wanted]) -> int | None:
    """What it would give with these units more, the cheapest there are; None where that can't be said.

    That is where nothing tells what they cost, where more than these is missing, or where the gain is no money.
    """
    lines: Sequence[Line] | None = run.facts.lines
    for each in wanted:
        lines = _with_cheapest(run, lines, each)
        if lines is None:
            return None
    return _given(replace(run.facts, lines=tuple(lines)), compiled, ready)


def with_amount(run: Run, compiled: Compiled, ready: Ready, missing_minor: int) -> int | None:
    """What it would give with so much more bought: of the goods that it is about, where it is about one kind alone."""
    basket, facts = run.basket, run.facts
    scopes = {scope for part in ready.parts for scope in part.scopes} | set(ready.asked)
    held = basket.by_scope.get(next(iter(scopes)), ()) if len(scopes) == 1 else ()
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
    asked = list(_amounts(ready.offer.when))
    return ((asked[0], 0),) if len(asked) == 1 and not asked[0].everything else ()


def _amounts(condition: Condition) -> Iterator[Scope]:
    """The scopes of the amounts that must all be there."""
    if isinstance(condition, All):
        for each in condition.all:
            yield from _amounts(each)
    elif isinstance(condition, AmountIs):
        yield condition.of or EVERYTHING


def without_tax(condition: Condition) -> bool:
    """Whether it asks for an amount without tax."""
    if isinstance(condition, All):
        return any(without_tax(each) for each in condition.all)
    return isinstance(condition, AmountIs) and condition.basis is Basis.EXCLUDING


def _given(facts: Facts, compiled: Compiled, ready: Ready, *, reached: bool = False) -> int | None:
    """What the offer takes off this basket by itself, with the worth of what it adds. `reached`: conditions hold."""
    if not ready.parts or any(isinstance(part.document, Redeem | Surprise) for part in ready.parts):
        return None
    run = run_of(facts, compiled.scopes)
    if not reached and any(gate(run.basket) is not None for gate in ready.gates):
        return None
    outcome = work_out(run, Open(ready, 1, None, BY_ITSELF))
    if outcome.failure is not None:
        return None
    worths = [_worth(facts, part, give) for part, give in zip(ready.parts, outcome.gives, strict=True)]
    added = [worth for worth in worths if worth is not None]
    # Nothing in money may still be something: a coupon for the next time.
    return (outcome.amount + sum(added) or None) if len(added) == len(worths) else None


def _worth(facts: Facts, part: Part, give: Give) -> int | None:
    """What is added for nothing is worth, of a choice the cheapest; None where its price isn't known."""
    gifts = list(give.gifts)
    if isinstance(part.document, Gift) and give.choices:
        prices = [facts.products[each].unit_minor for each in give.choices if each in facts.products]
        return min(prices) * part.document.quantity if len(prices) == len(give.choices) else None
    if any(product not in facts.products for product, _ in gifts):
        return None
    return sum(facts.products[product].unit_minor * count for product, count in gifts)


def alone(run: Run, compiled: Compiled, ready: Ready) -> int | None:
    """What it gives on this basket by itself."""
    return _given(run.facts, compiled, ready)


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


def wanted_of(basket: Basket, compiled: Compiled, ready: Ready) -> list[Wanted]:
    """The units that its conditions lack, else those that its first part that forms sets, or its next step, does."""
    asked = zip(ready.needed, _asked(ready.offer.when), strict=True)
    lacking = [(scope, on, quantity - basket.count(scope)) for (scope, quantity), on in asked]
    if not any(count > 0 for _, _, count in lacking):
        part = next((part for part in ready.parts if part.slots), None)
        named = {} if part is None else {scope: on for (scope, _), on in zip(part.slots, _slots(part), strict=True)}
        lacking = [] if part is None else [(scope, named[scope], count) for scope, count in _lacking(basket, part)]
        step = None if lacking else step_ahead(basket, compiled, ready)
        lacking += [] if step is None else [step]
    return _apart([each for each in lacking if each[2] > 0])


def _apart(lacking: list[Wanted]) -> list[Wanted]:
    """The same without what counts twice: named goods are among all goods too."""
    named = sum(count for _, on, count in lacking if not on.everything)
    made = [(scope, on, count - named if on.everything else count) for scope, on, count in lacking]
    return [each for each in made if each[2] > 0]


def _asked(condition: Condition) -> Iterator[Scope]:
    """The scopes of the quantities that must all be there, in the order in which they were compiled."""
    if isinstance(condition, All):
        for each in condition.all:
            yield from _asked(each)
    elif isinstance(condition, QuantityIs):
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
