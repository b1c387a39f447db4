"""The open basket of a till at its price: the same function as for a quote, with every scan."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.permissions.actors import Actor
from erp_club.permissions.places import TerminalFacts
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.offered import question
from erp_club.programmes.engine.renew import Fee
from erp_club.promotions.engine.conditions import All, AnyOf, Condition, Confirmed, Not
from erp_club.promotions.engine.facts import Claim
from erp_club.promotions.engine.offer import Start
from erp_club.promotions.engine.opening import alternatives
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced, Reason, Refusal
from erp_club.purchases.asked import Asked, Gathered, Place
from erp_club.purchases.baskets.queries import Opened
from erp_club.purchases.explained import Told, explained, listening
from erp_club.purchases.facts import gather
from erp_club.purchases.fees.waived import joining_fees
from erp_club.purchases.next_benefit import NextBenefit, next_benefit
from erp_club.purchases.plans import is_for
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.pricing import price_gathered, texts_of
from erp_club.purchases.quotes.commands import KEPT, hold_coupons, sale_key
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.redeeming import redeemable
from erp_club.receipts.kinds import Means


def asked_of(terminal: TerminalFacts, opened: Opened, *, means: tuple[str, ...] = ()) -> Asked:
    """The open basket as pricing is asked; its lines are numbered in their order, not by their own numbers."""
    return Asked(
        lines=tuple((line.sku, line.line.quantity_milli) for line in opened.lines),
        buyer=Buyer(opened.customer_id) if opened.customer_id != UNIDENTIFIED else NOBODY,
        coupons=opened.benefits.coupons,
        claims=opened.benefits.claims,
        confirmed=opened.benefits.confirmed,
        means=means,
        sale_id=sale_key(terminal.id, opened.basket_id.hex),
        fees=tuple((index, line.price_minor) for index, line in enumerate(opened.lines) if line.is_bound),
    )


@dataclass(frozen=True, slots=True)
class Gathering:
    """The facts of an open basket as it was asked, with what joining costs in it by the index of the fee's line."""

    asked: Asked
    gathered: Gathered
    joining: Mapping[int, Fee] = field(default_factory=dict[int, Fee])


def gather_open(session: Session, opened: Opened, asked: Asked, place: Place) -> Gathering:
    """Gather the facts of an open basket; a fee of joining is what the rest of the sale lets it be."""
    gathered = gather(session, asked, place, entered_before=True)
    fees = {index: line.fee_id for index, line in enumerate(opened.lines) if line.fee_id is not None}
    joining = joining_fees(session, fees, gathered.facts, price_gathered(gathered).priced) if fees else {}
    due = tuple((index, joining[index].now_minor if index in joining else minor) for index, minor in asked.fees)
    if due != asked.fees:
        asked = replace(asked, fees=due)
        gathered = gather(session, asked, place, entered_before=True)
    return Gathering(asked, gathered, joining)


MOST_CHOOSABLE = 20
"""So many offers are priced a second time, as if they had been chosen."""


@dataclass(frozen=True, slots=True)
class Choosable:
    """An offer that the cashier may start: how much less there would be to pay with it (or is, where it was chosen).

    `refusal`: why it gives nothing even so; `cost_points`: what the customer pays for it in points.
    """

    offer: str
    names: dict[str, str]
    chosen: bool
    gain_minor: int
    points: int = 0
    refusal: Refusal | None = None
    cost_points: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What an offer, or a rule of points (named where an offer is), asks the cashier to confirm."""

    code: str
    question: dict[str, str]
    offer: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class OpenPrice:
    """The open basket priced, and what may be chosen and is to be answered in it.

    `next_benefits`: what the customer's points are too few for, by the club's code.
    """

    basket: PricedBasket
    choosable: tuple[Choosable, ...]
    questions: tuple[Question, ...]
    next_benefits: Mapping[str, NextBenefit]
    points: Mapping[str, tuple[Told, ...]]
    """Which rule gave how many points and why not, by the club's code."""
    joining: Mapping[int, Fee]
    """What joining costs, by the index of its line, where the sale may waive it."""


def price_open(
    session: Session, terminal: TerminalFacts, opened: Opened, *, now: dt.datetime, by: Actor, hold: bool = False
) -> OpenPrice:
    """Price the open basket; with `hold` its coupons are kept for it for another while."""
    made = gather_open(session, opened, asked_of(terminal, opened), Place(terminal, by, now, now))
    asked, gathered = made.asked, listening(made.gathered)
    basket = replace(price_gathered(gathered), redeemable=redeemable(gathered))
    points = explained(gathered, basket.priced)
    if hold and basket.coupons:
        hold_coupons(session, basket, asked.sale_id, until=now + KEPT, now=now)
    choosable, asked_here = _choosable(gathered, basket), _questions(gathered, basket)
    questions = (*asked_here, *_asked_by_rules(gathered, points, {each.code for each in asked_here}))
    return OpenPrice(basket, choosable, questions, _next_benefits(gathered), points, made.joining)


def next_benefits_of(session: Session, customer_id: int, place: Place) -> dict[str, NextBenefit]:
    """What the points of a customer are too few for, by the club's code, before anything is bought."""
    return _next_benefits(gather(session, Asked((), Buyer(customer_id)), place))


def _next_benefits(gathered: Gathered) -> dict[str, NextBenefit]:
    facts = gathered.facts
    if facts.shopper is None:
        return {}
    found = {club: next_benefit(gathered.compiled, facts, club) for club in facts.shopper.clubs}
    return {club: benefit for club, benefit in found.items() if benefit is not None}


def totals_by_means(
    session: Session,
    terminal: TerminalFacts,
    opened: Opened,
    ways: Sequence[tuple[Means, ...]],
    *,
    now: dt.datetime,
    by: Actor,
) -> list[int]:
    """What the open basket costs in each of these ways to pay: by so many means together."""
    gathered = gather_open(session, opened, asked_of(terminal, opened), Place(terminal, by, now, now)).gathered
    return [
        price(replace(gathered.facts, means=tuple(each.value for each in way)), gathered.compiled).total_minor
        for way in ways
    ]


def _choosable(gathered: Gathered, basket: PricedBasket) -> tuple[Choosable, ...]:
    chosen = {claim.offer for claim in gathered.facts.claims}
    asked = [each.offer for each in basket.priced.refused if each.reason is Reason.NOT_CHOSEN]
    entered = {each.batch for each in gathered.facts.coupons if each.batch is not None and each.fault is None}
    among = [each.code for batch in entered for one in alternatives(gathered.compiled, batch) for each in one]
    wanted = dict.fromkeys([*sorted(chosen), *asked[:MOST_CHOOSABLE], *sorted(among)])
    made = [
        _tried(gathered, basket.priced, offer, chosen=offer in chosen, instead=offer in among)
        for offer in wanted
        if offer in gathered.compiled.by_code
        and (offer in among or gathered.compiled.by_code[offer].start is Start.CASHIER)
    ]
    # What gives most stands first; what gives nothing last.
    return tuple(
        sorted(made, key=lambda each: (not each.chosen, each.refusal is not None, -each.gain_minor, each.offer))
    )


def _tried(gathered: Gathered, priced: Priced, offer: str, *, chosen: bool, instead: bool) -> Choosable:
    """The basket with the offer chosen beside the basket without it.

    One of several that a coupon may be used for, `instead` of another, takes off what it takes off itself.
    """
    facts, others = gathered.facts, tuple(each for each in gathered.facts.claims if each.offer != offer)
    other = price(replace(facts, claims=others if chosen else (*others, Claim(offer))), gathered.compiled)
    with_it, without = (priced, other) if chosen else (other, priced)
    refusal = next((each for each in with_it.refused if each.offer == offer), None)
    return Choosable(
        offer,
        texts_of(gathered.compiled.by_code[offer].offer.names),
        chosen,
        _amount(with_it, offer) if instead else without.total_minor - with_it.total_minor,
        sum(each.points for each in with_it.applied if each.offer == offer),
        refusal,
        sum(each.points_used for each in with_it.applied if each.offer == offer),
    )


def _amount(priced: Priced, offer: str) -> int:
    return sum(each.amount_minor for each in priced.applied if each.offer == offer)


def _questions(gathered: Gathered, basket: PricedBasket) -> tuple[Question, ...]:
    """What the offers of this basket ask: those that wait for an answer, and those that were answered with yes."""
    waiting = [each.offer for each in basket.priced.refused if each.reason is Reason.NOT_CONFIRMED]
    answered = gathered.facts.confirmed
    applied = [each.offer for each in basket.priced.applied] if answered else []
    made: dict[str, Question] = {}
    for offer in (*waiting, *applied):
        ready = gathered.compiled.by_code.get(offer)
        if ready is None:
            continue
        for asked in _asks(ready.offer.when):
            made.setdefault(
                asked.confirm, Question(asked.confirm, texts_of(asked.question), offer, asked.confirm in answered)
            )
    return tuple(made.values())


def _asked_by_rules(
    gathered: Gathered, points: Mapping[str, tuple[Told, ...]], known: Collection[str]
) -> Iterator[Question]:
    """What rules of points for goods of this basket ask beside the offers."""
    asked = set(known)
    for told in (each for rules in points.values() for each in rules):
        code, earned = told.rule.when.confirm, told.earned
        if code is None or code in asked:
            continue
        confirmed = code in gathered.facts.confirmed
        waits = earned.why is Why.NOT_CONFIRMED and is_for(told.rule, gathered.facts.lines)
        if waits or (confirmed and earned.points):
            asked.add(code)
            yield Question(code, question(code, told.rule.names), told.rule.code, confirmed)


def _asks(condition: Condition) -> Iterator[Confirmed]:
    match condition:
        case Confirmed():
            yield condition
        case All():
            for each in condition.all:
                yield from _asks(each)
        case AnyOf():
            for each in condition.any:
                yield from _asks(each)
        case Not():
            yield from _asks(condition.no)
        case _:
            return
