"""How far a member is from the next thing that points can do (P-03). Pure."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.facts import Member
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import Redeem
from erp_club.promotions.engine.scope import Texts


@dataclass(frozen=True, slots=True)
class NextBenefit:
    """An offer that costs points, or by which points pay, and how many more it takes."""

    offer: str
    names: Texts
    missing: int


def next_benefit(compiled: Compiled, club: str, member: Member, *, on: dt.date) -> NextBenefit | None:
    """The nearest thing that this balance is too low for; None where nothing is left to save for.

    Of what takes as many points the first by its code.
    """
    reachable = [
        NextBenefit(ready.code, ready.offer.names, needs - member.points)
        for ready in compiled.by_code.values()
        if (ready.points or ready.redeems) and _runs(ready, on)
        for needs in _needs(ready, club, member)
        if needs > member.points
    ]
    return min(reachable, key=lambda each: (each.missing, each.offer), default=None)


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
