"""Who sent this request (one statement finds the chain, the terminal and the person), and who works here."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import NotFound
from erp_club.kernel.idempotency import Claim, claiming
from erp_club.kernel.prepared import Ahead, Prepared
from erp_club.kernel.text import T
from erp_club.kernel.versions import version_of
from erp_club.organisation.models import Chain, Store, Terminal, TerminalEnrolment
from erp_club.permissions.actors import NOBODY, Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.factors.queries import has_factor
from erp_club.permissions.grants.models import GrantsVersion, StaffRole
from erp_club.permissions.grants.queries import grants_now, grants_of
from erp_club.permissions.models import Staff, StaffSession
from erp_club.permissions.places import ChainFacts, TerminalFacts
from erp_club.permissions.rules import NOTHING
from erp_club.permissions.workplaces.models import StaffStore


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """The session that a request came with: when it was last seen, and when its person was last proven."""

    id: int
    by_pin: bool
    seen_at: dt.datetime
    proven_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and where. `by` is NOBODY until somebody has signed in; `staff_language` is that person's own choice.

    `claim` is what was found under the request's Idempotency-Key, where one was looked for. `session` is None where
    nobody has signed in. `elsewhere` is the till that it came from where the person, who came in by password, doesn't
    work in its store: it isn't theirs, and they see what they would see in the office.
    """

    chain: ChainFacts
    terminal: TerminalFacts | None
    by: Actor
    username: str | None = None
    staff_language: str | None = None
    claim: Claim | None = None
    session: SessionFacts | None = None
    elsewhere: TerminalFacts | None = None

    @property
    def scope(self) -> str:
        """Whose keys the request's key stands among: those of the till, else of the person."""
        return f"terminal:{self.terminal.id}" if self.terminal else f"staff:{self.by.staff_id}"


def identify(
    session: Session,
    *,
    staff_token_hash: bytes | None,
    terminal_key_hash: bytes | None,
    enrolment_hash: bytes | None,
    now: dt.datetime,
    key: str | None = None,
    ahead: Ahead | None = None,
) -> Identity | None:
    """The identity behind the hashes of what a request carries; None before the chain has been set up.

    A session that was opened at a terminal by PIN holds at that terminal only. An Idempotency-Key is held until the
    transaction ends, in the scope of that same identity. `ahead` is asked in the same round trip.
    """
    rows = _IDENTIFY.execute(
        session.connection(),
        {
            "staff_token": staff_token_hash,
            "terminal_key": terminal_key_hash,
            "enrolment": enrolment_hash,
            "now": now,
            "key": key,
        },
        ahead=ahead,
    ).rows
    if not rows:
        return None
    found = rows[0]
    chain = ChainFacts(*found[:6])
    terminal = TerminalFacts(*found[6:14]) if found[6] is not None else None
    staff_id, staff_name, username, role, language, staff_store_id, by_pin, version = found[14:22]
    claim = Claim(*found[26:]) if found[26] is not None else None
    elsewhere = None
    if terminal is not None and not found[25]:
        terminal, elsewhere = None, terminal
    if staff_id is None:
        by = NOBODY if terminal is None else Actor("", NOTHING, terminal_id=terminal.id, store_id=terminal.store_id)
        return Identity(chain, terminal, by, claim=claim)
    by = Actor(
        name=staff_name,
        held=grants_of(session, version).of(role, pin=by_pin),
        staff_id=staff_id,
        role=role,
        terminal_id=terminal.id if terminal else None,
        store_id=terminal.store_id if terminal else staff_store_id,
    )
    known = SessionFacts(found[22], by_pin, *found[23:25])
    return Identity(chain, terminal, by, username, language, claim, known, elsewhere)


def identify_staff(session: Session, staff_id: int) -> Identity | None:
    """The identity of somebody for whom a worker does what they asked for: NOBODY once they don't work here any more.

    None before the chain has been set up.
    """
    chain = session.get(Chain, 1)
    if chain is None:
        return None
    facts = ChainFacts(chain.name, chain.currency, chain.country, chain.language, chain.time_zone, chain.is_demo)
    staff = session.get(Staff, staff_id)
    if staff is None or not staff.active:
        return Identity(facts, None, NOBODY)
    held = grants_now(session).of(staff.role)
    by = Actor(name=staff.name, held=held, staff_id=staff.id, role=staff.role, store_id=staff.store_id)
    return Identity(facts, None, by, staff.username, staff.language)


def staff_by_username(session: Session, username: str) -> Staff | None:
    """The active member of staff with this user name, whatever its case."""
    return session.scalar(sa.select(Staff).where(Staff.username == username.lower(), Staff.active))


@dataclass(frozen=True, slots=True)
class StaffRow:
    """Somebody who works for the chain. `signed_in_at` is when the latest session began that still holds."""

    id: int
    username: str
    name: str
    role: str
    role_name: str | None
    store_id: int | None
    store: str | None
    language: str | None
    active: bool
    has_password: bool
    has_pin: bool
    has_factor: bool
    created_at: dt.datetime
    signed_in_at: dt.datetime | None

    @property
    def version(self) -> str:
        """A mark of what may be changed of them."""
        return version_of(self.name, self.role, self.store_id, self.language)


@dataclass(frozen=True, slots=True)
class StaffFilters:
    """Which of the staff: with this text in their name or user name, of a store, of a role, at work; None is any."""

    text: str = ""
    store_id: int | None = None
    role: str | None = None
    active: bool | None = None


ANYBODY = StaffFilters()


def count_staff(session: Session, asked: StaffFilters = ANYBODY, *, by: Actor) -> int:
    """How many of the staff that `by` may see are asked for."""
    return session.scalar(sa.select(sa.func.count()).select_from(Staff).where(*_having(asked), *_seen(by))) or 0


def staff_list(
    session: Session,
    asked: StaffFilters = ANYBODY,
    *,
    now: dt.datetime,
    by: Actor,
    limit: int | None = None,
    offset: int = 0,
) -> list[StaffRow]:
    """The staff that `count_staff` counts, those who work first, by name."""
    found = _staff(now).where(*_having(asked), *_seen(by)).order_by(Staff.active.desc(), Staff.name, Staff.id)
    return [_staff_row(row) for row in session.execute(found.limit(limit).offset(offset))]


def _seen(by: Actor) -> list[sa.ColumnElement[bool]]:
    """Somebody whose grant is of their store sees who works there, and themselves."""
    store_id = by.only_store(Permission.STAFF_VIEW)
    return [] if store_id is None else [(Staff.store_id == store_id) | (Staff.id == by.staff_id)]


def _having(asked: StaffFilters) -> list[sa.ColumnElement[bool]]:
    equal = ((Staff.store_id, asked.store_id), (Staff.role, asked.role), (Staff.active, asked.active))
    found: list[sa.ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
    wanted = asked.text.strip()
    if wanted:
        named = (Staff.name, Staff.username)
        found.append(sa.or_(*(column.icontains(wanted, autoescape=True) for column in named)))
    return found


def store_of_staff(session: Session, staff_id: int) -> int | None:
    """The store where somebody works; 0 where that is all of them, None for nobody."""
    return session.scalar(sa.select(sa.func.coalesce(Staff.store_id, 0)).where(Staff.id == staff_id))


def staff_member(session: Session, staff_id: int, *, now: dt.datetime, by: Actor) -> StaffRow:
    """One of the staff whom `by` may see. Raises NotFound."""
    row = session.execute(_staff(now).where(Staff.id == staff_id, *_seen(by))).one_or_none()
    if row is None:
        raise NotFound(T("There is no such member of staff."))
    return _staff_row(row)


def own_row(session: Session, staff_id: int, *, now: dt.datetime) -> StaffRow:
    """Somebody themselves, whatever they may see of others."""
    return _staff_row(session.execute(_staff(now).where(Staff.id == staff_id)).one())


def _staff(now: dt.datetime) -> sa.Select[*tuple[Any, ...]]:
    latest = (
        sa.select(sa.func.max(StaffSession.started_at))
        .where(StaffSession.staff_id == Staff.id, StaffSession.ends_at > now)
        .correlate(Staff)
        .scalar_subquery()
    )
    return (
        sa.select(
            Staff.id,
            Staff.username,
            Staff.name,
            Staff.role,
            StaffRole.name.label("role_name"),
            Staff.store_id,
            Store.name,
            Staff.language,
            Staff.active,
            Staff.password_hash.is_not(None),
            Staff.pin_hash.is_not(None),
            has_factor(Staff.id),
            Staff.created_at,
            latest,
        )
        .join(StaffRole, StaffRole.code == Staff.role)
        .outerjoin(Store, Store.id == Staff.store_id)
    )


def _staff_row(row: Any) -> StaffRow:
    return StaffRow(*row)


_WORKS = sa.or_(
    Staff.id.is_(None),
    Staff.store_id.is_(None),
    Staff.store_id == Terminal.store_id,
    sa.exists()
    .where(StaffStore.staff_id == Staff.id, StaffStore.store_id == Terminal.store_id, StaffStore.valid_to.is_(None))
    .correlate(Staff, Terminal),
)
_FACTS = (
    Chain.name,
    Chain.currency,
    Chain.country,
    Chain.language.label("chain_language"),
    Chain.time_zone,
    Chain.is_demo,
    Terminal.id.label("terminal_id"),
    Terminal.number,
    Terminal.name.label("terminal_name"),
    Terminal.store_id,
    Store.code,
    Store.name.label("store_name"),
    Store.time_zone.label("store_time_zone"),
    Store.channel,
    Staff.id.label("staff_id"),
    Staff.name.label("staff_name"),
    Staff.username,
    Staff.role,
    Staff.language,
    Staff.store_id.label("staff_store_id"),
    StaffSession.terminal_id.is_not(None).label("by_pin"),
    GrantsVersion.version.label("grants_version"),
    StaffSession.id.label("session_id"),
    StaffSession.seen_at,
    StaffSession.proven_at,
    _WORKS.label("works_there"),
)
_SCOPE = sa.case(
    (Terminal.id.is_not(None) & _WORKS, sa.func.concat(sa.literal_column("'terminal:'"), Terminal.id)),
    (Staff.id.is_not(None), sa.func.concat(sa.literal_column("'staff:'"), Staff.id)),
)
_WHO = (
    sa.select(*_FACTS, _SCOPE.label("scope"), sa.bindparam("key", type_=sa.Text).label("key"))
    .select_from(Chain)
    .join(GrantsVersion, sa.true())
    .outerjoin(
        Terminal,
        Terminal.active
        & (
            (Terminal.key_hash == sa.bindparam("terminal_key", type_=sa.LargeBinary))
            | (
                (Terminal.old_key_hash == sa.bindparam("terminal_key", type_=sa.LargeBinary))
                & (Terminal.old_key_until > sa.bindparam("now", type_=sa.DateTime(timezone=True)))
            )
            | (
                Terminal.id
                == sa.select(TerminalEnrolment.terminal_id)
                .where(TerminalEnrolment.token_hash == sa.bindparam("enrolment", type_=sa.LargeBinary))
                .scalar_subquery()
            )
        ),
    )
    .outerjoin(Store, Store.id == Terminal.store_id)
    .outerjoin(
        StaffSession,
        (StaffSession.token_hash == sa.bindparam("staff_token", type_=sa.LargeBinary))
        & (StaffSession.ends_at > sa.bindparam("now", type_=sa.DateTime(timezone=True)))
        & (StaffSession.terminal_id.is_(None) | (StaffSession.terminal_id == Terminal.id)),
    )
    .outerjoin(Staff, (Staff.id == StaffSession.staff_id) & Staff.active)
    .subquery("who")
)
_HELD, _CLAIM = claiming(_WHO)
_IDENTIFY = Prepared(sa.select(*list(_WHO.c)[: len(_FACTS)], *_CLAIM).select_from(_HELD))


def may_office(session: Session, role: str) -> bool:
    """Whether somebody of this role works in the back office."""
    return bool(grants_now(session).of(role).grants.get(Permission.HOME_VIEW))
