"""Joining, renewing and extending.

Locks are taken in this order, so that no two commands can wait for each other: the club (FOR SHARE: it can't be closed
before a joining has ended), the customer (FOR NO KEY UPDATE: joins of one customer come one after the other, sales go
on), the membership (FOR NO KEY UPDATE: its periods are numbered and continue each other), the points account, the card.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from erp_club.cards import errors as card_errors
from erp_club.cards.commands import card_for_joining
from erp_club.cards.queries import read_card
from erp_club.clubs import errors, periods
from erp_club.clubs.beginning.commands import let_wait, set_state
from erp_club.clubs.kinds import ClubState, MembershipState, PeriodKind
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.clubs.periods import RenewalFrom, Span
from erp_club.clubs.setup.settings import ClubTerms
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.rules import Asked, Rule
from erp_club.points.commands import renew_account, revive_account
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount


@dataclass(frozen=True, slots=True)
class Joined:
    """A membership that holds from now on. `card_number` only where a card was issued; no `valid_until` for life."""

    membership_id: int
    points_account_id: int
    card_number: str | None
    valid_until: dt.date | None


@dataclass(frozen=True, slots=True)
class Prolonged:
    """The period that was added, both days included; no `valid_until` for life."""

    membership_id: int
    customer_id: int
    starts_on: dt.date
    valid_until: dt.date | None


@dataclass(frozen=True, slots=True)
class Held:
    """A locked membership, its periods by number, and what its club says now."""

    membership_id: int
    customer_id: int
    account: Account
    club_id: int
    club_state: ClubState
    terms: ClubTerms
    state: MembershipState
    state_on: dt.date | None
    days: Mapping[int, Span | None]
    """None for a period whose days were all taken."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The days that it holds."""
        return tuple(span for span in self.days.values() if span is not None)

    @property
    def last_no(self) -> int:
        """The number of the latest period."""
        return max(self.days)


_TERMS = tuple(getattr(Club, field.name) for field in dataclasses.fields(ClubTerms))


def join_club(
    session: Session,
    customer_id: int,
    *,
    club_id: int,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    span: Span | None = None,
    waits: bool = False,
) -> Joined:
    """Make the customer a member from today, with a points account, and a card where they have none.

    The membership holds for the club's term, or for the `span` that a programme makes of today; one that `waits` holds
    no day until `beginning` lets it.

    Benefits apply at once: what is sold later in the same transaction earns already. Whoever left joins the same
    membership again. Raises NotFound for the customer or club, Conflict `club-not-open` for a draft or closed club,
    `already-member` for one who is a member, or whose membership has run out and can be renewed.
    """
    club = session.execute(
        sa.select(Club.state, Club.term_months, Club.to_month_end).where(Club.id == club_id).with_for_update(read=True)
    ).one_or_none()
    if club is None or by.decide(Permission.MEMBERSHIPS_JOIN, Asked(club_id=club_id)).rule is Rule.OTHER_CLUB:
        raise errors.no_club()
    if club.state != ClubState.PUBLISHED:
        raise errors.not_open_for_joining()
    _lock_customer(session, customer_id)
    span = span or periods.first_period(today, club.term_months, to_month_end=club.to_month_end)
    held = _held_before(session, customer_id, club_id)
    if held is not None and held.state is not MembershipState.ENDED:
        raise _already_member(held, today)
    if held is None:
        membership_id, account_id = _new_membership(session, customer_id, club_id, today)
    else:
        membership_id, account_id = held.membership_id, held.account.id
        _reopen(session, held)
    number = 1 if held is None else held.last_no + 1
    add_period(session, (customer_id, membership_id, number), span, PeriodKind.JOINING, now=now, by=by)
    if waits:
        let_wait(session, (customer_id, membership_id, number), since=today)
    card = card_for_joining(session, customer_id, club_id=club_id, now=now)
    until = None if waits else span.last
    audit.record(
        session,
        by=by,
        now=now,
        action="membership.join",
        entity="customer",
        entity_id=customer_id,
        after={"membership_id": membership_id, "club_id": club_id, "valid_until": until, "card": card},
    )
    return Joined(membership_id, account_id, card, until)


def _held_before(session: Session, customer_id: int, club_id: int) -> Held | None:
    membership_id = session.scalar(
        sa.select(Membership.id).where(Membership.customer_id == customer_id, Membership.club_id == club_id)
    )
    return None if membership_id is None else hold(session, membership_id)


def _reopen(session: Session, held: Held) -> None:
    """Whoever left and joins again keeps the history: the membership and its account are the same."""
    revive_account(session, held.account)
    set_state(session, (held.customer_id, held.membership_id), MembershipState.OPEN)


def _new_membership(session: Session, customer_id: int, club_id: int, today: dt.date) -> tuple[int, int]:
    """The ids of a new membership and of its points account. The customer's lock keeps a second one away."""
    account_id = session.scalar(sa.insert(PointsAccount).values(customer_id=customer_id).returning(PointsAccount.id))
    assert account_id is not None
    membership_id = session.scalar(
        sa.insert(Membership)
        .values(
            customer_id=customer_id,
            club_id=club_id,
            points_holder_id=customer_id,
            points_account_id=account_id,
            joined_on=today,
        )
        .returning(Membership.id)
    )
    assert membership_id is not None
    return membership_id, account_id


def renew_membership(
    session: Session,
    membership_id: int,
    *,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    card: str | None = None,
    seen: dt.date | None = None,
    months: int | None = None,
) -> Prolonged:
    """Add the club's term, or `months` of choice, from the old end or today as the club says (`periods.next_period`).

    A `card` that was presented must be the customer's and hold in this club (M-07). `seen` is the last day that was
    shown to whoever renews: two who renew at once add one term. Raises NotFound, Conflict `club-not-open`,
    `membership-for-life`, `longer-meanwhile`, `card-of-another` and what reading a card raises.
    """
    held = hold_whole(session, membership_id)
    if by.decide(Permission.MEMBERSHIPS_RENEW, Asked(club_id=held.club_id)).rule is Rule.OTHER_CLUB:
        raise errors.no_membership()
    _check_seen(held, seen)
    if card is not None:
        _check_card(session, held, card)
    span = renewal_of(held, today=today, months=months)
    return _prolong(session, held, span, PeriodKind.RENEWAL, today=today, now=now, by=by)


def renewal_of(held: Held, *, today: dt.date, months: int | None = None) -> Span:
    """The days that renewing today would add, or `months` of choice. Raises as `renew_membership`, and `not-longer`."""
    _check_open(held)
    terms = held.terms
    how: dict[str, Any] = {"renewal_from": terms.renewal_from, "grace_days": terms.grace_days}
    try:
        return periods.next_period(
            held.spans, months or terms.term_months, today=today, to_month_end=terms.to_month_end, **how
        )
    except ValueError as error:
        raise errors.not_longer(periods.last_day(held.spans)) from error


def extend_membership(
    session: Session, membership_id: int, *, until: dt.date, today: dt.date, now: dt.datetime, by: Actor
) -> Prolonged:
    """Carry the membership on without a gap from its last day to `until`, included, whatever the club's term.

    Raises NotFound, Conflict `club-not-open`, `membership-for-life`, Refused `not-longer`, `in-the-past` or `too-long`.
    """
    held = hold_whole(session, membership_id)
    _check_open(held)
    if until < today:
        raise errors.in_the_past(today)
    last = periods.last_day(held.spans)
    if until <= last:
        raise errors.not_longer(last)
    return _prolong(
        session, held, periods.extension(held.spans, until), PeriodKind.EXTENSION, today=today, now=now, by=by
    )


def _lock_customer(session: Session, customer_id: int) -> None:
    state = session.scalar(sa.select(Customer.state).where(Customer.id == customer_id).with_for_update(key_share=True))
    if customer_id == UNIDENTIFIED or state != CustomerState.ACTIVE:
        raise errors.no_customer()


def _already_member(row: Held, today: dt.date) -> Exception:
    if row.state is MembershipState.WAITING:
        return errors.waiting()
    endless = any(span.last is None for span in row.spans)
    until = None if endless or not row.spans else periods.last_day(row.spans)
    return errors.already_member(row.membership_id, until, valid=any(span.holds(today) for span in row.spans))


def hold(session: Session, membership_id: int) -> Held:
    """Lock a membership in the order of this file's head, and read it. Raises NotFound.

    The periods are read after the lock: another's renewal is among them. One that went to another customer meanwhile,
    by a merge, is looked for again.
    """
    row = session.execute(
        sa.select(Membership.customer_id, Membership.club_id).where(Membership.id == membership_id)
    ).one_or_none()
    if row is None:
        raise errors.no_membership()
    club = session.execute(
        sa.select(Club.state, *_TERMS).where(Club.id == row.club_id).with_for_update(read=True)
    ).one()
    mine = session.execute(
        sa.select(Membership.points_holder_id, Membership.points_account_id, Membership.state, Membership.state_on)
        .where(Membership.customer_id == row.customer_id, Membership.id == membership_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if mine is None:
        return hold(session, membership_id)
    return Held(
        membership_id=membership_id,
        customer_id=row.customer_id,
        account=Account(mine.points_account_id, mine.points_holder_id),
        club_id=row.club_id,
        club_state=ClubState(club.state),
        terms=_terms(club[1:]),
        state=MembershipState(mine.state),
        state_on=mine.state_on,
        days=_days(session, row.customer_id, membership_id),
    )


def is_part(session: Session, held: Held) -> bool:
    """Whether its customer was merged: another membership of the club has its points and goes on for it."""
    merged_into = sa.select(Customer.merged_into).where(Customer.id == held.customer_id)
    return session.scalar(merged_into) is not None


def hold_whole(session: Session, membership_id: int) -> Held:
    """As `hold`. Raises Conflict `membership-joined` for one that is part of another."""
    held = hold(session, membership_id)
    if is_part(session, held):
        raise errors.part_of_another()
    return held


def _terms(values: Sequence[Any]) -> ClubTerms:
    made = ClubTerms(*values)
    return dataclasses.replace(made, renewal_from=RenewalFrom(made.renewal_from))


def _days(session: Session, customer_id: int, membership_id: int) -> dict[int, Span | None]:
    """The days of the membership's periods by number."""
    rows = session.execute(
        sa.select(
            MembershipPeriod.period_no,
            sa.func.lower(MembershipPeriod.validity),
            sa.func.upper(MembershipPeriod.validity),
        )
        .where(MembershipPeriod.customer_id == customer_id, MembershipPeriod.membership_id == membership_id)
        .order_by(MembershipPeriod.period_no)
    )
    return {
        number: Span(first, after and after - dt.timedelta(days=1)) if first else None for number, first, after in rows
    }


def why_not_open(held: Held) -> Conflict:
    """Why nothing can be done to a membership that isn't open."""
    assert held.state_on is not None
    match held.state:
        case MembershipState.PAUSED:
            return errors.paused(held.state_on)
        case MembershipState.WAITING:
            return errors.waiting()
        case _:
            return errors.ended(held.state_on)


def _check_open(held: Held) -> None:
    if held.club_state != ClubState.PUBLISHED:
        raise errors.not_open_for_renewal()
    if held.state is not MembershipState.OPEN:
        raise why_not_open(held)
    if not held.spans:
        raise errors.nothing_held()
    if any(span.last is None for span in held.spans):
        raise errors.endless()


def _check_seen(held: Held, seen: dt.date | None) -> None:
    last = max((span.last for span in held.spans if span.last), default=dt.date.min)
    if seen is not None and last > seen:
        raise errors.longer_meanwhile(last)


def _check_card(session: Session, held: Held, number: str) -> None:
    if (card := read_card(session, number)).customer_id != held.customer_id:
        raise card_errors.of_somebody_else()
    if card.club_id not in {None, held.club_id}:
        raise card_errors.of_another_club()


def _prolong(
    session: Session, held: Held, span: Span, kind: PeriodKind, *, today: dt.date, now: dt.datetime, by: Actor
) -> Prolonged:
    if span.last is not None and span.last > periods.LATEST:
        raise errors.too_long(periods.LATEST)
    key = (held.customer_id, held.membership_id, held.last_no + 1)
    add_period(session, key, span, kind, now=now, by=by)
    cause = Cause(MovementKind.ENDED, today, now, by, customer_id=held.customer_id)
    renew_account(session, held.account, cause=cause)
    audit.record(
        session,
        by=by,
        now=now,
        action="membership.renew" if kind is PeriodKind.RENEWAL else "membership.extend",
        entity="customer",
        entity_id=held.customer_id,
        before={"membership_id": held.membership_id, "valid_until": periods.last_day(held.spans)},
        after={"membership_id": held.membership_id, "valid_from": span.first, "valid_until": span.last},
    )
    return Prolonged(held.membership_id, held.customer_id, span.first, span.last)


def add_period(
    session: Session, key: tuple[int, int, int], span: Span, kind: PeriodKind, *, now: dt.datetime, by: Actor
) -> None:
    """Add a period under (customer, membership, number). Raises Conflict where it would overlap another."""
    customer_id, membership_id, period_no = key
    after = None if span.last is None else span.last + dt.timedelta(days=1)
    added = session.scalar(
        insert(MembershipPeriod)
        .values(
            customer_id=customer_id,
            membership_id=membership_id,
            period_no=period_no,
            validity=Range(span.first, after),
            kind=kind,
            at=now,
            staff_id=by.staff_id,
            terminal_id=by.terminal_id,
            store_id=by.store_id,
        )
        # Both the number and the exclusion constraint: whatever is written around our lock ends here.
        .on_conflict_do_nothing()
        .returning(MembershipPeriod.period_no)
    )
    if added is None:
        raise errors.changed_meanwhile()
