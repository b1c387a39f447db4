"""Moving the end of a sliding term: on with each purchase that is large enough, back where that is returned.

Memberships are held before the accounts that a sale adds to, in the order of `clubs.commands`, and moved once the
receipt is written.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.clubs import periods
from erp_club.clubs.commands import Held, hold
from erp_club.clubs.days.commands import change_days, days_before, moves_since
from erp_club.clubs.earning.account import Earning
from erp_club.clubs.kinds import EventKind, MembershipState
from erp_club.clubs.periods import Days
from erp_club.programmes.engine.membership import SlidingTerm
from erp_club.programmes.engine.renew import slid_until
from erp_club.programmes.standings.commands import LookCause
from erp_club.programmes.terms.queries import sliding, standing_purchases


@dataclass(frozen=True, slots=True)
class Sliding:
    """A locked membership and by what its end moves: with `late` by purchases that are registered afterwards, too."""

    held: Held
    term: SlidingTerm
    late: bool = False


@dataclass(frozen=True, slots=True)
class MovedEnd:
    """A membership as it was before its end moved on, and its last day since."""

    held: Held
    valid_until: dt.date


def hold_sliding(session: Session, customer_id: int, clubs: Iterable[Earning]) -> tuple[Sliding, ...]:
    """Lock the customer's open memberships in those of these clubs whose terms slide; no query where there are none."""
    slides = sliding(session, customer_id, clubs)
    found = [Sliding(hold(session, each.membership_id), each.term, each.late) for each in slides]
    return tuple(each for each in found if each.held.state is MembershipState.OPEN)


def move_on(session: Session, terms: Iterable[Sliding], goods_minor: int, cause: LookCause) -> list[MovedEnd]:
    """Let these end as many months after the purchase as they say; `goods_minor` is what it came to without fees.

    Gives those that end later now.
    """
    moved: list[MovedEnd] = []
    for each in terms:
        if goods_minor <= 0 or goods_minor < (each.term.least_minor or 0):
            continue
        after = periods.slid(each.held.days, cause.on, min(slid_until(each.term, cause.on), periods.LATEST))
        if after is not None:
            _write(session, each.held, after, cause)
            ends = [span.last for span in after.values() if span is not None and span.last is not None]
            moved.append(MovedEnd(each.held, max(ends)))
    return moved


def move_back(session: Session, terms: Iterable[Sliding], cause: LookCause) -> None:
    """Let these end as if what came back had never been bought, not before the day of the return."""
    for each in terms:
        moves = [days_before(event) for event in moves_since(session, each.held)]
        if not moves:
            continue
        first = min(span.first for span in each.held.spans)
        bought = standing_purchases(session, each.held.customer_id, first=first, last=cause.on, late=each.late)
        on = max((one.on for one in bought if one.goods_minor >= (each.term.least_minor or 0)), default=None)
        until = None if on is None else min(slid_until(each.term, on), periods.LATEST)
        after = periods.slid_back(each.held.days, cause.on, moves, until=until)
        if after is not None:
            _write(session, each.held, after, cause)


def _write(session: Session, held: Held, after: Days, cause: LookCause) -> None:
    change_days(
        session,
        held,
        EventKind.MOVED,
        after,
        on=cause.on,
        reason=cause.reason,
        now=cause.now,
        by=cause.by,
        state=MembershipState.OPEN,
        receipt=(cause.receipt_customer_id, cause.receipt_id),
    )
