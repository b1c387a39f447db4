"""A membership that was joined in a sale and waits, without a day, until that is paid; then it begins."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.clubs.periods import Span
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor

Key = tuple[int, int, int]
"""Customer, membership and the number of the period that joining opened."""


def let_wait(session: Session, key: Key, *, since: dt.date) -> None:
    """Take the days that joining gave: the membership waits, and gives nothing."""
    set_state(session, key[:2], MembershipState.WAITING, since)
    _set_days(session, key, Range(empty=True))


def begin_membership(session: Session, key: Key, span: Span, *, now: dt.datetime, by: Actor) -> None:
    """Let a locked membership that waits hold these days: what it waited for is paid.

    Who joins for the first time has joined on the first of them.
    """
    customer_id, membership_id, period_no = key
    set_state(session, (customer_id, membership_id), MembershipState.OPEN)
    _set_days(session, key, Range(span.first, None if span.last is None else span.last + dt.timedelta(days=1)))
    if period_no == 1:
        session.execute(sa.update(Membership).where(*_is(customer_id, membership_id)).values(joined_on=span.first))
    audit.record(
        session,
        by=by,
        now=now,
        action="membership.begin",
        entity="customer",
        entity_id=customer_id,
        after={"membership_id": membership_id, "valid_from": span.first, "valid_until": span.last},
    )


def set_state(session: Session, key: tuple[int, int], state: MembershipState, on: dt.date | None = None) -> None:
    """Write the state of a locked membership, by customer and id, and since when it is so; none for an open one."""
    session.execute(sa.update(Membership).where(*_is(*key)).values(state=state, state_on=on))


def _is(customer_id: int, membership_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return Membership.customer_id == customer_id, Membership.id == membership_id


def _set_days(session: Session, key: Key, days: Range[dt.date]) -> None:
    period = MembershipPeriod
    same = (period.customer_id == key[0], period.membership_id == key[1], period.period_no == key[2])
    session.execute(sa.update(period).where(*same).values(validity=days))
