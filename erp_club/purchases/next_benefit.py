"""How far a member is from the next thing that points can do (P-03). Pure."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from erp_club.programmes.engine.facts import Purchase
from erp_club.programmes.engine.offered import called, in_the_sale
from erp_club.programmes.engine.redeem import Purse, benefit_missed
from erp_club.promotions.engine.basket import Basket
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.facts import Facts, Member
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import Redeem
from erp_club.purchases.plans import ProgrammePlan


@dataclass(frozen=True, slots=True)
class NextBenefit:
    """What points buy, or by which they pay, and how many more it takes."""

    offer: str
    names: Mapping[Any, str]
    missing: int


def next_benefit(compiled: Compiled, facts: Facts, club: str) -> NextBenefit | None:
    """The nearest thing that the member's balance is too low for; None where nothing is left to save for.

    What isn't for this member at all, such as a higher level's, is passed over. Of what takes as many points the first
    by its code. `facts` must hold a shopper who is a member of the club.
    """
    assert facts.shopper is not None
    member, on = facts.shopper.clubs[club], facts.at.date()
    nothing_bought = Basket(replace(facts, lines=()), compiled.scopes)
    reachable = [
        NextBenefit(ready.code, ready.offer.names, needs - member.points)
        for ready in compiled.by_code.values()
        if (ready.points or ready.redeems) and _runs(ready, on) and _is_theirs(ready, nothing_bought)
        for needs in _needs(ready, club, member)
        if needs > member.points
    ]
    reachable += _beside_sales(facts, club, member)
    return min(reachable, key=lambda each: (each.missing, each.offer), default=None)


_NOT_THEIRS = {Reason.WRONG_LEVEL, Reason.NOT_IN_SEGMENT, Reason.WRONG_AGE, Reason.NO_SUCH_CHILD}


def _is_theirs(ready: Ready, nothing_bought: Basket) -> bool:
    """Whether nothing about the person keeps the offer closed; another day, store or basket may open it."""
    closed = (gate(nothing_bought) for gate in ready.gates)
    return not any(failure is not None and failure[0] in _NOT_THEIRS for failure in closed)


def _beside_sales(facts: Facts, club: str, member: Member) -> Iterator[NextBenefit]:
    """What points are given for beforehand, which is no offer."""
    for plan in facts.plans:
        if not isinstance(plan, ProgrammePlan) or plan.club != club:
            continue
        for each in plan.programme.benefits:
            if in_the_sale(each) or each.points <= member.points:
                continue
            at = Purchase(plan.at, (), store=plan.store, channel=plan.channel)
            if benefit_missed(plan.programme, each, at, plan.member, Purse(each.points), times=0) is None:
                names = called(each.names or plan.programme.names)
                yield NextBenefit(f"{club}.{each.code.upper()}", names, each.points - member.points)


def _runs(ready: Ready, on: dt.date) -> bool:
    return (ready.first_day is None or ready.first_day <= on) and (ready.last_day is None or on <= ready.last_day)


def _needs(ready: Ready, club: str, member: Member) -> Iterator[int]:
    """The points from which the offer gives something to members of this club."""
    if ready.points and ready.club == club:
        yield ready.points
    for reward in ready.offer.rewards:
        if isinstance(reward, Redeem) and reward.club == club and not member.paying.closed:
            limits = member.paying
            yield max(limits.least_balance, limits.least, limits.step, reward.least, reward.block)
