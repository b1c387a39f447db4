"""The price of a basket: one function behind quotes, sales, the till, trying an offer out, forecasts and price cases.

Stages, in this order:

1. *Price list*: the lowest lawful price makes the list amounts, the only ones that conditions look at. So pricing again
   changes nothing.
2. *Item offers*, then 3. *basket offers*, then 4. *codes, coupons and claims*: in each stage first the exclusive groups
   that are decided there, then stackable offers one after the other, each on what is left. Those without which the
   basket gets cheaper are left out (`deciding`).
5. *Points as money*.
6. *Tax*, of what is left. Means of payment and cash rounding belong to the sale (`purchases/sale.py`).

Ties never hang on the order of lines or offers: they go to the offer that starts by itself, then by place, priority and
code of the offer. Of units that cost the same those with most left to pay go first, then those of the earlier line, and
an odd minor unit lies on the first line; where the total would hang on that, lines go in an order of their own instead:
by what they are.
"""

from dataclasses import replace
from operator import attrgetter

from erp_club.promotions.engine import earning, finish
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.deciding import Opened, decide
from erp_club.promotions.engine.facts import Facts, Line
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.hints import hints_of
from erp_club.promotions.engine.opening import Started, candidates, closed, open_offers, started_by
from erp_club.promotions.engine.priced import Priced, Reason, Refusal
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import plain
from erp_club.promotions.engine.run import Open, Run, run_of
from erp_club.promotions.engine.shares import floor_of
from erp_club.promotions.engine.wanting import with_what_lacks

_BY_OFFER = attrgetter("offer")


def price(facts: Facts, compiled: Compiled, *, explain_all: bool = False, hints: bool = True) -> Priced:
    """The priced basket, with a word on every offer that could touch it (`explain_all`: on every published one).

    Without `hints` where nobody reads them.

    A price list that isn't to hold always gives way where the basket is cheaper without it: a lower price may cost a
    threshold, or a discount that is for regular prices only.
    """
    priced = _in_any_order(facts, compiled, explain_all=explain_all, hints=hints)
    if not facts.price_lists or not _lists_may_cost(facts, compiled, priced):
        return priced
    always = tuple(each for each in facts.price_lists if each.always)
    other = _in_any_order(replace(facts, price_lists=always), compiled, explain_all=explain_all, hints=hints)
    return other if other.total_minor < priced.total_minor else priced


def is_open(facts: Facts, compiled: Compiled) -> bool:
    """Whether the basket is open to any of the offers, whether it then gives something or not.

    What else is in force may close an offer to it later on, and opens none.
    """
    run = run_of(facts, compiled.scopes)
    started = started_by(run, compiled)
    return any(open_offers(run, ready, started) for ready in candidates(run, compiled, started))


def _lists_may_cost(facts: Facts, compiled: Compiled, priced: Priced) -> bool:
    """Whether a price list could make this basket dearer."""
    if all(each.always for each in facts.price_lists):
        return False
    if not any(line.list_code or line.list_minor != line.regular_minor for line in priced.lines):
        return False
    asked = (Reason.MIN_AMOUNT, Reason.TOO_MUCH, Reason.EXCLUDED)
    return compiled.scopes.regular_price_only or any(each.reason in asked for each in priced.refused)


def _in_any_order(facts: Facts, compiled: Compiled, *, explain_all: bool, hints: bool) -> Priced:
    """The basket at the price lists that the facts hold, at the same total whatever the order of its lines."""
    priced, run = _price(facts, compiled, explain_all=explain_all, hints=hints)
    if not run.order_matters or len(facts.lines) < 2:
        return priced
    ordered = replace(facts, lines=_in_their_own_order(run))
    if ordered == facts:
        return priced
    other, _ = _price(ordered, compiled, explain_all=False, hints=False)
    if other.total_minor == priced.total_minor:
        return priced
    other, _ = _price(ordered, compiled, explain_all=explain_all, hints=hints)
    place = {line.id: nth for nth, line in enumerate(facts.lines)}
    lines = sorted(other.lines, key=lambda line: place.get(line.id, len(place)))
    applied = [
        each._replace(shares=tuple(sorted(each.shares, key=lambda share: place.get(share.line, len(place)))))
        for each in other.applied
    ]
    return replace(other, lines=tuple(lines), applied=tuple(applied))


def _in_their_own_order(run: Run) -> tuple[Line, ...]:
    """The lines by all that prices can hang on: those that are equal in it may stand in any order.

    It hangs on the lines alone: by what is offered, an offer more could make the basket dearer.
    """
    lines = run.basket.lines

    def key(i: int) -> tuple[object, ...]:
        line = lines[i]
        named = (line.product, line.group or "", line.department or "", line.brand or "", line.kind)
        numbers = (line.quantity_milli, line.vat_bp, line.levy_minor, line.reduced, line.earns)
        return (line.unit_minor, *named, *numbers)

    return tuple(lines[i] for i in sorted(range(len(lines)), key=key))


def _price(facts: Facts, compiled: Compiled, *, explain_all: bool, hints: bool) -> tuple[Priced, Run]:
    """The basket at the price lists that the facts hold, and how it was priced."""
    run = run_of(facts, compiled.scopes)
    started = started_by(run, compiled)
    competing: dict[str, list[Open]] = {}
    stackable: list[list[Open]] = [[], [], [], []]
    for ready in candidates(run, compiled, started):
        for offer in open_offers(run, ready, started):
            if ready.earnings and (not run.earning or run.earning[-1].ready is not ready):
                run.earning.append(offer)
            if not ready.parts:
                continue
            if ready.competes:
                competing.setdefault(ready.group, []).append(offer)
            else:
                stackable[ready.stage].append(offer)
    opened = [offer.ready for turns in stackable for offer in turns]
    if opened and not (facts.policy.prices_include_tax and all(ready.whole for ready in opened)):
        run.order_matters = (
            bool(competing) or len(opened) > 1 or not all(plain(part.document) for part in opened[0].parts)
        )
    run.order_matters |= len(competing) > 1
    decide(run, Opened(competing, stackable))
    finish.cap_manual(run.basket)
    refused = list(started.unknown)
    if explain_all:
        refused += _untouched(run, compiled, started)
    return _answer(run, compiled, refused, hints=hints), run


def _untouched(run: Run, compiled: Compiled, started: Started) -> list[Refusal]:
    """What keeps the offers closed that the basket doesn't touch."""
    told = {each.offer for each in run.refused} | {record.ready.code for record in run.records}
    told |= {each.offer for each in run.pending} | {offer.ready.code for offer in run.earning}
    return [ready.refuse(*_kept_away(run, ready, started)) for ready in compiled.offers if ready.code not in told]


def _kept_away(run: Run, ready: Ready, started: Started) -> Failure:
    """Why an offer that the basket doesn't touch gives nothing: no step is short where none of its goods is there."""
    failure = closed(run, ready, started)
    of_steps = failure is not None and failure[0] is Reason.MIN_QUANTITY and floor_of(ready.offer.rewards[0])
    return (_without_gain(run, ready), None) if failure is None or of_steps else failure


def _without_gain(run: Run, ready: Ready) -> Reason:
    """Why an offer that is open gives nothing, where nobody has said it yet."""
    elsewhere = ready.touches and run.basket.by_scope.keys().isdisjoint(ready.touches)
    return Reason.NO_GOODS if elsewhere else Reason.NO_GAIN


def _answer(run: Run, compiled: Compiled, refused: list[Refusal], *, hints: bool) -> Priced:
    """Everything as it is answered."""
    all_earned = earning.earned(run)
    earning.note(run, all_earned)
    refused = with_what_lacks(run, compiled, [*refused, *run.refused])
    lines = finish.lines_of(run, all_earned)
    refused.sort(key=_BY_OFFER)
    regular = listed = discount = total = tax = 0
    for line in lines:
        regular += line.regular_minor
        listed += line.list_minor
        discount += line.discount_minor
        total += line.total_minor
        tax += line.tax_minor
    return Priced(
        lines,
        regular,
        listed,
        discount,
        total,
        tax,
        tuple([record.told(run.basket) for record in run.records]),
        tuple(refused),
        tuple(run.pending),
        hints_of(run, compiled, refused) if hints else (),
        earning.told(run, all_earned),
        sum(record.points_used for record in run.records),
        "proved" if run.proved else "time_limit",
    )
