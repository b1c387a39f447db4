"""What is done with clubs and in them: setting them up, publishing, closing; joining, renewing, extending.

Locks are taken in this order, so that no two commands can wait for each other: the club (FOR SHARE: it can't be closed
before a joining has ended), the customer (FOR NO KEY UPDATE: joins of one customer come one after the other, sales go
on), the membership (FOR NO KEY UPDATE: its periods are numbered and continue each other), the points account, the card.
"""

import dataclasses
import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.cards import errors as card_errors
from erp_club.cards.commands import card_for_joining
from erp_club.cards.queries import read_card
from erp_club.clubs import errors, periods
from erp_club.clubs.models import Club, ClubState, Membership, MembershipPeriod, PeriodKind, TermKind
from erp_club.clubs.periods import Span
from erp_club.clubs.settings import ClubChanges, ClubSettings, faults
from erp_club.customers.models import UNIDENTIFIED, Customer, CustomerState
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor
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
class _Held:
    """A locked membership with its periods, and what its club is now."""

    membership_id: int
    customer_id: int
    club_id: int
    club_state: ClubState
    term_months: int | None
    spans: tuple[Span, ...]
    last_no: int


def create_club(
    session: Session, settings: ClubSettings, *, currency: str, language: str, now: dt.datetime, by: Actor
) -> int:
    """Set up a draft and give its id. Amounts are in `currency`; `language` is the chain's.

    Raises Invalid with a fault for each field, Conflict `club-code-taken`.
    """
    _check(settings, language)
    club_id = session.scalar(
        insert(Club)
        .values(dataclasses.asdict(settings) | {"currency": currency, "state": ClubState.DRAFT})
        .on_conflict_do_nothing(index_elements=[Club.code])
        .returning(Club.id)
    )
    if club_id is None:
        raise errors.code_taken()
    after = dataclasses.asdict(settings) | {"currency": currency}
    audit.record(session, by=by, now=now, action="club.create", entity="club", entity_id=club_id, after=after)
    return club_id


def change_club(
    session: Session, club_id: int, changes: ClubChanges, *, version: int, language: str, now: dt.datetime, by: Actor
) -> None:
    """Change settings of the club as it stood at `version`; the audit keeps what changed, before and after.

    New terms hold for what is earned, joined and renewed from now on. Raises NotFound, Conflict `stale` (changed
    since), `club-code-taken` or `club-code-fixed` (published), Invalid with a fault for each field.
    """
    row = session.execute(
        sa.select(*_SETTINGS, Club.version, Club.state).where(Club.id == club_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise errors.no_club()
    if row.version != version:
        raise errors.stale()
    current = dataclasses.replace(ClubSettings(*row[: len(_SETTINGS)]), term_kind=TermKind(row.term_kind))
    changed = changes.applied_to(current)
    _check(changed, language)
    if changed.code != current.code and row.state != ClubState.DRAFT:
        raise errors.code_fixed()
    old, new = dataclasses.asdict(current), dataclasses.asdict(changed)
    after = {name: value for name, value in new.items() if value != old[name]}
    if not after:
        return
    try:
        with session.begin_nested():
            session.execute(sa.update(Club).where(Club.id == club_id).values(**after, version=version + 1))
    except IntegrityError as error:
        # Of what the settings' check lets through, only the code can still meet another club's.
        raise errors.code_taken() from error
    before = {name: old[name] for name in after}
    audit.record(
        session, by=by, now=now, action="club.change", entity="club", entity_id=club_id, before=before, after=after
    )


def publish_club(session: Session, club_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Open a draft for joining. Raises NotFound, Conflict `club-not-draft`."""
    if _lock_club(session, club_id) is not ClubState.DRAFT:
        raise errors.not_draft()
    _set_state(session, club_id, ClubState.DRAFT, ClubState.PUBLISHED, now=now, by=by)


def close_club(session: Session, club_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Close a published club: nobody joins or renews, nothing is earned any more; points and history stay.

    Raises NotFound, Conflict `club-not-published`.
    """
    if _lock_club(session, club_id) is not ClubState.PUBLISHED:
        raise errors.not_published()
    _set_state(session, club_id, ClubState.PUBLISHED, ClubState.CLOSED, now=now, by=by)


_SETTINGS = tuple(getattr(Club, field.name) for field in dataclasses.fields(ClubSettings))


def _check(settings: ClubSettings, language: str) -> None:
    found = faults(settings, language=language)
    if found:
        raise Invalid(found)


def _lock_club(session: Session, club_id: int) -> ClubState:
    state = session.scalar(sa.select(Club.state).where(Club.id == club_id).with_for_update())
    if state is None:
        raise errors.no_club()
    return ClubState(state)


def _set_state(session: Session, club_id: int, old: ClubState, new: ClubState, *, now: dt.datetime, by: Actor) -> None:
    session.execute(sa.update(Club).where(Club.id == club_id).values(state=new, version=Club.version + 1))
    audit.record(
        session,
        by=by,
        now=now,
        action="club.publish" if new is ClubState.PUBLISHED else "club.close",
        entity="club",
        entity_id=club_id,
        before={"state": old},
        after={"state": new},
    )


def join_club(
    session: Session, customer_id: int, *, club_id: int, today: dt.date, now: dt.datetime, by: Actor
) -> Joined:
    """Make the customer a member from today, with a points account, and a card where they have none.

    Benefits apply at once: what is sold later in the same transaction earns already. Raises NotFound for the customer
    or club, Conflict `club-not-open` for a draft or closed club, `already-member` for one who is or was a member.
    """
    club = session.execute(
        sa.select(Club.state, Club.term_months).where(Club.id == club_id).with_for_update(read=True)
    ).one_or_none()
    if club is None:
        raise errors.no_club()
    if club.state != ClubState.PUBLISHED:
        raise errors.not_open_for_joining()
    _lock_customer(session, customer_id)
    account_id = session.scalar(sa.insert(PointsAccount).values(customer_id=customer_id).returning(PointsAccount.id))
    assert account_id is not None
    membership_id = session.scalar(
        insert(Membership)
        .values(customer_id=customer_id, club_id=club_id, points_account_id=account_id, joined_on=today)
        .on_conflict_do_nothing(index_elements=[Membership.customer_id, Membership.club_id])
        .returning(Membership.id)
    )
    if membership_id is None:
        raise _already_member(session, customer_id, club_id, today)
    span = periods.first_period(today, club.term_months)
    _add_period(session, (customer_id, membership_id, 1), span, PeriodKind.JOINING, now=now, by=by)
    card = card_for_joining(session, customer_id, club_id=club_id, now=now)
    audit.record(
        session,
        by=by,
        now=now,
        action="membership.join",
        entity="customer",
        entity_id=customer_id,
        after={"membership_id": membership_id, "club_id": club_id, "valid_until": span.last, "card": card},
    )
    return Joined(membership_id, account_id, card, span.last)


def renew_membership(
    session: Session, membership_id: int, *, today: dt.date, now: dt.datetime, by: Actor, card: str | None = None
) -> Prolonged:
    """Add the club's term: after the last paid day where that is still to come, else from today.

    A `card` that was presented must be the customer's and hold in this club (M-07). Raises NotFound, Conflict
    `club-not-open`, `membership-for-life`, `card-of-another` and what reading a card raises.
    """
    held = _hold(session, membership_id)
    if card is not None:
        _check_card(session, held, card)
    _check_open(held)
    span = periods.next_period(held.spans, held.term_months, today=today)
    return _prolong(session, held, span, PeriodKind.RENEWAL, now=now, by=by)


def extend_membership(
    session: Session, membership_id: int, *, until: dt.date, today: dt.date, now: dt.datetime, by: Actor
) -> Prolonged:
    """Carry the membership on without a gap from its last day to `until`, included, whatever the club's term.

    Raises NotFound, Conflict `club-not-open`, `membership-for-life`, Refused `not-longer`, `in-the-past` or `too-long`.
    """
    held = _hold(session, membership_id)
    _check_open(held)
    if until < today:
        raise errors.in_the_past(today)
    last = periods.last_day(held.spans)
    if until <= last:
        raise errors.not_longer(last)
    return _prolong(session, held, periods.extension(held.spans, until), PeriodKind.EXTENSION, now=now, by=by)


def _lock_customer(session: Session, customer_id: int) -> None:
    state = session.scalar(sa.select(Customer.state).where(Customer.id == customer_id).with_for_update(key_share=True))
    if customer_id == UNIDENTIFIED or state != CustomerState.ACTIVE:
        raise errors.no_customer()


def _already_member(session: Session, customer_id: int, club_id: int, today: dt.date) -> Exception:
    membership_id = session.scalar(
        sa.select(Membership.id).where(Membership.customer_id == customer_id, Membership.club_id == club_id)
    )
    assert membership_id is not None
    spans = [span for _, span in _spans(session, customer_id, membership_id)]
    endless = any(span.last is None for span in spans)
    until = None if endless else periods.last_day(spans)
    return errors.already_member(membership_id, until, valid=any(span.holds(today) for span in spans))


def _hold(session: Session, membership_id: int) -> _Held:
    """Lock in the order of this file's head. The periods are read after the lock: another's renewal is among them."""
    row = session.execute(
        sa.select(Membership.customer_id, Membership.club_id).where(Membership.id == membership_id)
    ).one_or_none()
    if row is None:
        raise errors.no_membership()
    club = session.execute(
        sa.select(Club.state, Club.term_months).where(Club.id == row.club_id).with_for_update(read=True)
    ).one()
    session.execute(
        sa.select(Membership.id)
        .where(Membership.customer_id == row.customer_id, Membership.id == membership_id)
        .with_for_update(key_share=True)
    ).one()
    numbered = _spans(session, row.customer_id, membership_id)
    return _Held(
        membership_id=membership_id,
        customer_id=row.customer_id,
        club_id=row.club_id,
        club_state=ClubState(club.state),
        term_months=club.term_months,
        spans=tuple(span for _, span in numbered),
        last_no=max(number for number, _ in numbered),
    )


def _spans(session: Session, customer_id: int, membership_id: int) -> list[tuple[int, Span]]:
    """The membership's periods with their numbers, by number."""
    rows = session.execute(
        sa.select(
            MembershipPeriod.period_no,
            sa.func.lower(MembershipPeriod.validity),
            sa.func.upper(MembershipPeriod.validity),
        )
        .where(MembershipPeriod.customer_id == customer_id, MembershipPeriod.membership_id == membership_id)
        .order_by(MembershipPeriod.period_no)
    )
    return [(number, Span(first, after - dt.timedelta(days=1) if after else None)) for number, first, after in rows]


def _check_open(held: _Held) -> None:
    if held.club_state != ClubState.PUBLISHED:
        raise errors.not_open_for_renewal()
    if any(span.last is None for span in held.spans):
        raise errors.endless()


def _check_card(session: Session, held: _Held, number: str) -> None:
    card = read_card(session, number)
    if card.customer_id != held.customer_id:
        raise card_errors.of_somebody_else()
    if card.club_id not in {None, held.club_id}:
        raise card_errors.of_another_club()


def _prolong(session: Session, held: _Held, span: Span, kind: PeriodKind, *, now: dt.datetime, by: Actor) -> Prolonged:
    if span.last is not None and span.last > periods.LATEST:
        raise errors.too_long(periods.LATEST)
    key = (held.customer_id, held.membership_id, held.last_no + 1)
    _add_period(session, key, span, kind, now=now, by=by)
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


def _add_period(
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
