"""What renewing a membership costs on a day, for the usual length and for those that may be chosen."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.clubs import commands as clubs
from erp_club.clubs.periods import Span
from erp_club.programmes.engine.places import Doing, works
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import Fee, lengths, may_renew, renewal_fee
from erp_club.programmes.engine.upgrades import paid_through
from erp_club.programmes.queries import programme_in_force
from erp_club.purchases.fees import errors
from erp_club.purchases.fees.joining import Day, check_length
from erp_club.purchases.fees.queries import bought_in, fees_of
from erp_club.purchases.upgrades.queries import paid_levels


@dataclass(frozen=True, slots=True)
class RenewalCost:
    """What a renewal costs, and the paid level that goes on with it, if one does; what other lengths cost."""

    fee: Fee
    level: str | None
    others: Mapping[int, Fee]


def fee_of_renewal(session: Session, held: clubs.Held, day: Day, *, months: int | None = None) -> RenewalCost | None:
    """What renewing today costs, for another length where `months` are chosen; None for a club without a programme.

    Raises Conflict `not-renewed-here`, `too-early` where the programme doesn't let the membership be renewed, Invalid
    on `months` where this length can't be chosen.
    """
    programme = programme_in_force(session, held.club_id, day.today)
    if programme is None:
        check_length(months, ())
        return None
    if not works(programme.channels, Doing.JOINING, day.where):
        raise errors.not_renewed_here()
    ending = _ending(held)
    if ending.last is not None and not may_renew(programme, ending.last, day.today):
        raise errors.too_early()
    cost = _cost(session, held, programme, day.today)
    check_length(months, cost.others)
    return cost if months is None else replace(cost, fee=cost.others[months])


def renewal_cost(session: Session, held: clubs.Held, *, today: dt.date) -> RenewalCost | None:
    """The same, whether or not it may be renewed."""
    programme = programme_in_force(session, held.club_id, today)
    return None if programme is None or not held.spans else _cost(session, held, programme, today)


def _ending(held: clubs.Held) -> Span:
    return max(held.spans, key=lambda span: span.first)


def _cost(session: Session, held: clubs.Held, programme: Programme, today: dt.date) -> RenewalCost:
    ending = _ending(held)
    waiver = programme.fees.waiver
    bought = bought_in(session, held.customer_id, waiver.of, ending, until=today) if waiver else 0
    level = None
    if programme.fees.levels and ending.last is not None:
        paid = paid_levels(session, held.membership_id, on=min(today, ending.last))
        level = paid_through(programme, paid, ending)
    fees = fees_of(session, programme, held.customer_id)
    offered = lengths(programme, fees, level=level, renewing=True)
    others = {each: renewal_fee(fees, bought, level, months=each) for each in offered}
    return RenewalCost(renewal_fee(fees, bought, level), level, others)
