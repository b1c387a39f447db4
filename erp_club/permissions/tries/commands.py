"""Wrong tries are counted in the database, so that they hold across processes and restarts.

Whoever tries a name holds it until the transaction ends: of any number of tries at one moment each waits for the one
before it, and the sixth isn't looked at. A known and an unknown name go the same way, statement by statement.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import T
from erp_club.organisation.models import Terminal
from erp_club.permissions import errors
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.models import Staff
from erp_club.permissions.tries.kinds import Kind
from erp_club.permissions.tries.models import Lockout, WrongTry

MOST_WRONG = 5
"""So many wrong secrets for one name lock it."""
MOST_WRONG_AT_A_PLACE = 20
"""So many wrong tries from one till or address lock that: somebody goes through the names."""
MANY_IN_ALL = 15
"""So many wrong numbers of one kind within minutes, at all tills together, are told: nobody locks the whole chain."""
_ALL, _TOLD_AGAIN = "all", dt.timedelta(hours=1)
WRONG_WITHIN = dt.timedelta(minutes=30)
LOCKED_FOR, LOCKED_AT_MOST = dt.timedelta(minutes=15), dt.timedelta(hours=1)
"""The first lock of a day, and the longest: each one is twice as long as the one before."""
_DAY = dt.timedelta(days=1)
_KEPT = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody tries from: a till, else an address of the network (None where there is none, as in a test).

    `agent` is what a browser calls itself; nothing is counted by it.
    """

    terminal_id: int | None = None
    address: str | None = None
    agent: str | None = None

    @property
    def scope(self) -> str:
        """The place as it is counted."""
        return f"terminal:{self.terminal_id}" if self.terminal_id is not None else f"address:{self.address or ''}"


def name_scope(kind: Kind, name: str) -> str:
    """A name as it is counted: as a hash, for people type their password into the wrong field."""
    return f"{kind}:{hashlib.sha256(name.strip().lower().encode(errors='replace')).hexdigest()}"


def hold(session: Session, scope: str, place: Place, *, now: dt.datetime) -> None:
    """Keep this name for the transaction's try. Raises Throttled where the name or the place is locked."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"wrong-try {scope}", 0))))
    until = session.scalar(
        sa.select(sa.func.max(WrongTry.locked_until)).where(
            WrongTry.scope.in_((scope, place.scope)), WrongTry.locked_until > now
        )
    )
    if until is not None:
        raise errors.locked(until, now)


def count_wrong(
    session: Session, scope: str, place: Place, *, kind: Kind, staff_id: int | None, now: dt.datetime, wrong: Refused
) -> Refused:
    """Count a wrong try of the name and at the place, and give what to refuse it with; the transaction is to commit.

    That is `wrong`, or that it is locked from now on.
    """
    locked = _count(session, scope, MOST_WRONG, now=now)
    if locked is not None:
        _keep_lockout(session, kind, scope, place, staff_id=staff_id, now=now, until=locked)
    beside = _count(session, place.scope, MOST_WRONG_AT_A_PLACE, now=now)
    if beside is not None:
        _keep_lockout(session, Kind.PLACE, place.scope, place, staff_id=None, now=now, until=beside)
    until = max((each for each in (locked, beside) if each is not None), default=None)
    refusal = wrong if until is None else errors.locked(until, now)
    refusal.counts = True
    return refusal


def count_wrong_at(session: Session, place: Place, *, now: dt.datetime, wrong: Refused) -> Refused:
    """Count a wrong key or code, which has no name, at its place; as `count_wrong`."""
    until = _count(session, place.scope, MOST_WRONG_AT_A_PLACE, now=now)
    if until is not None:
        _keep_lockout(session, Kind.PLACE, place.scope, place, staff_id=None, now=now, until=until)
    refusal = wrong if until is None else errors.locked(until, now)
    refusal.counts = True
    return refusal


def tell_guessing(
    session: Session, kind: Kind, scope: str, *, now: dt.datetime, until: dt.datetime | None, in_all: int
) -> None:
    """Keep for the managers that numbers worth money are tried: here, locked `until`, or in all tills together.

    `scope` is who tried, as `terminal:7`; `in_all` how many tries were wrong lately, wherever. Told once an hour.
    """
    if until is not None:
        # What isn't there any more stays away: the lock is told all the same.
        where, _, number = scope.partition(":")
        terminal_id = _there(session, Terminal.id, number) if where == "terminal" else None
        staff_id = _there(session, Staff.id, number) if where == "staff" else None
        _keep_lockout(session, kind, scope, Place(terminal_id), staff_id=staff_id, now=now, until=until)
    if in_all < MANY_IN_ALL:
        return
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"many-tries {kind}", 0))))
    told = sa.exists().where(Lockout.kind == kind, Lockout.scope == _ALL, Lockout.at > now - _TOLD_AGAIN)
    if not session.scalar(sa.select(told)):
        _keep_lockout(session, kind, _ALL, Place(), staff_id=None, now=now, until=None)


def _there(session: Session, column: InstrumentedAttribute[int], number: str) -> int | None:
    return session.scalar(sa.select(column).where(column == int(number))) if number.isdecimal() else None


def forget(session: Session, scope: str) -> None:
    """A right secret ends the counting for its name; that of the place goes on, else one right try would hide many."""
    session.execute(sa.delete(WrongTry).where(WrongTry.scope == scope))


def open_again(session: Session, lockout_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a locked name or place try again before its time. One that is open already stays so.

    Raises NotFound, Conflict where numbers worth money were tried: that ends by itself.
    """
    lockout = session.get(Lockout, lockout_id, with_for_update=True)
    if lockout is None:
        raise NotFound(T("There is no such lock."))
    if lockout.kind in {Kind.CARDS, Kind.COUPONS}:
        raise Conflict(T("Numbers can be entered here again when the time is over."), code="lock-ends-by-itself")
    if lockout.opened_at is not None or lockout.until is None or lockout.until <= now:
        return
    lockout.opened_at, lockout.opened_by = now, by.staff_id
    forget(session, lockout.scope)
    session.flush()
    audit.record(
        session,
        by=by,
        now=now,
        action="lockout.open",
        entity="lockout",
        entity_id=lockout_id,
        after={"kind": lockout.kind, "staff_id": lockout.staff_id, "terminal_id": lockout.terminal_id},
    )


def _count(session: Session, scope: str, most: int, *, now: dt.datetime) -> dt.datetime | None:
    """One more wrong try; until when it is locked from now on, where it was the one too many."""
    _forget_old(session, now=now)
    added = insert(WrongTry).values(scope=scope, wrong=1, at=now)
    counted = added.on_conflict_do_update(
        index_elements=[WrongTry.scope],
        set_={
            "wrong": sa.case((WrongTry.at <= now - WRONG_WITHIN, 1), else_=WrongTry.wrong + 1),
            "locks": sa.case((WrongTry.at <= now - _DAY, 0), else_=WrongTry.locks),
            "at": now,
        },
    ).returning(WrongTry.wrong, WrongTry.locks)
    wrong, locks = session.execute(counted).one()
    if wrong < most:
        return None
    until = now + min(LOCKED_FOR * 2**locks, LOCKED_AT_MOST)
    session.execute(
        sa.update(WrongTry)
        .where(WrongTry.scope == scope)
        .values(wrong=0, locks=locks + 1, locked_until=until)
        .execution_options(synchronize_session=False)
    )
    return until


def _forget_old(session: Session, *, now: dt.datetime) -> None:
    # Skipping what others hold: two that clean up at once would else wait for each other.
    old = sa.select(WrongTry.scope).where(WrongTry.at <= now - _DAY).limit(20).with_for_update(skip_locked=True)
    session.execute(sa.delete(WrongTry).where(WrongTry.scope.in_(old)))


def _keep_lockout(
    session: Session,
    kind: Kind,
    scope: str,
    place: Place,
    *,
    staff_id: int | None,
    now: dt.datetime,
    until: dt.datetime | None,
) -> None:
    session.execute(sa.delete(Lockout).where(Lockout.at <= now - _KEPT))
    session.add(
        Lockout(
            kind=kind,
            scope=scope,
            staff_id=staff_id,
            terminal_id=place.terminal_id,
            address=place.address,
            at=now,
            until=until,
        )
    )
    session.flush()
    if staff_id is not None and until is not None:
        audit.record(
            session,
            by=SYSTEM,
            now=now,
            action="staff.locked",
            entity="staff",
            entity_id=staff_id,
            after={"kind": kind.value, "until": until.isoformat(), "terminal_id": place.terminal_id},
        )
