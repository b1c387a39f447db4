"""Setting programmes up, and what one batch of a run writes, or takes back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.clubs import queries as clubs
from erp_club.clubs.earning.queries import rules_on
from erp_club.jobs.programmes import queries
from erp_club.jobs.programmes.kinds import ProgrammeState
from erp_club.jobs.programmes.models import PointsProgramme
from erp_club.jobs.programmes.queries import ProgrammeRow
from erp_club.jobs.programmes.replay import as_if_never
from erp_club.jobs.programmes.rules import Effect, Rounding
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid
from erp_club.kernel.lots import DEBT
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.sets.commands import Key, SetCause, among, given_parts, hold_accounts, write_movements
from erp_club.segments import saved as segments


@dataclass(frozen=True, slots=True)
class ProgrammeSettings:
    """What is done to whom; see `models.PointsProgramme`."""

    name: str
    club_id: int
    effect: Effect
    amount: int = 0
    rounding: Rounding = Rounding.DOWN
    joined_from: dt.date | None = None
    joined_to: dt.date | None = None
    inactive_since: dt.date | None = None
    segment_id: int | None = None
    numbers: tuple[str, ...] | None = None
    last_day: dt.date | None = None
    run_on: dt.date | None = None


def set_up(session: Session, settings: ProgrammeSettings, *, today: dt.date, now: dt.datetime, by: Actor) -> int:
    """Set a programme up and give its id. Raises Invalid, and NotFound for a club or segment that isn't there."""
    _check(settings, today)
    clubs.club(session, settings.club_id)
    if settings.segment_id is not None:
        segments.one(session, settings.segment_id)
    values: dict[str, Any] = {name: getattr(settings, name) for name in ProgrammeSettings.__dataclass_fields__}
    values["numbers"] = None if settings.numbers is None else list(settings.numbers)
    made = session.scalar(
        sa.insert(PointsProgramme).values(**values, made_at=now, made_by=by.staff_id).returning(PointsProgramme.id)
    )
    assert made is not None
    audit.record(
        session, by=by, now=now, action="points_programme.add", entity="points_programme", entity_id=made, after=values
    )
    return made


def _check(settings: ProgrammeSettings, today: dt.date) -> None:
    wrong: list[FieldError] = []
    if settings.effect is not Effect.ZERO and settings.amount == 0:
        wrong.append(FieldError("amount", T("Say how many.")))
    if settings.effect is Effect.SET and settings.amount < 0:
        wrong.append(FieldError("amount", T("A balance can't be set below zero.")))
    if settings.joined_from and settings.joined_to and settings.joined_to < settings.joined_from:
        wrong.append(FieldError("joined_to", T("The last day is before the first one.")))
    if settings.run_on and settings.run_on < today:
        wrong.append(FieldError("run_on", T("This day is over already.")))
    if settings.last_day and settings.last_day < (settings.run_on or today):
        wrong.append(FieldError("last_day", T("This day is over already.")))
    if wrong:
        raise Invalid(wrong)


def withdraw(session: Session, programme_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a programme run no more; what it has done stays. Raises Conflict."""
    _open(session, programme_id)
    _write(session, programme_id, state=ProgrammeState.WITHDRAWN)
    audit.record(
        session, by=by, now=now, action="points_programme.withdraw", entity="points_programme", entity_id=programme_id
    )


def runnable(session: Session, programme_id: int) -> ProgrammeRow:
    """The programme, held so that nobody withdraws it meanwhile. Raises Conflict where somebody has."""
    return _open(session, programme_id)


def change_points(
    session: Session, wanted: ProgrammeRow, *, after: Key | None, limit: int, as_of: dt.date, cause: SetCause
) -> tuple[Sequence[Key], int, int]:
    """Do it to the next accounts: these, and how many points were taken and given (both ≥ 0)."""
    keys = queries.next_keys(session, wanted, after=after, limit=limit)
    if not keys:
        return keys, 0, 0
    hold_accounts(session, keys)
    # Taking comes first: what is set or zeroed by it needs nothing any more, and nobody is both taken from and given.
    _, taken = write_movements(session, _taken(wanted, keys), cause)
    version = rules_on(session, wanted.club_id, on=as_of).terms.version
    _, given = write_movements(session, _given(wanted, keys, as_of, version), cause, filled=True)
    return keys, -taken, given


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a batch of an undo did: accounts and points moved, and whom it left with the reason."""

    accounts: int
    points: int
    looked_at: int
    last: Key | None
    left: Sequence[tuple[int, str]]


def take_back(session: Session, run_id: int, *, after: Key | None, limit: int, cause: SetCause) -> TakenBack:
    """Let the next accounts that a run has moved stand as if it never had; each by one movement, or left as it is."""
    keys = queries.moved_by(session, run_id, after=after, limit=limit)
    if not keys:
        return TakenBack(0, 0, 0, None, ())
    hold_accounts(session, keys)
    left: list[tuple[int, str]] = []
    rows: list[tuple[int, int, int, int, int]] = []
    for key, (seq, standing) in queries.standings(session, run_id, keys).items():
        parts, reason = as_if_never(standing)
        if reason is not None:
            left.append((key[0], reason))
        rows += [(*key, part.lot_id, part.amount, seq) for part in parts]
    accounts, points = write_movements(session, given_parts(rows), cause) if rows else (0, 0)
    return TakenBack(accounts, points, len(keys), keys[-1], left)


def _taken(wanted: ProgrammeRow, keys: Sequence[Key]) -> sa.Select[*tuple[Any, ...]]:
    """What each lot gives: the earliest last day first, then the oldest, pending ones last."""
    account = _changed(wanted, keys)
    ahead = (
        sa.func.sum(PointsLot.remaining).over(
            partition_by=(PointsLot.customer_id, PointsLot.account_id),
            order_by=(PointsLot.available_on.is_(None), PointsLot.last_day.asc().nulls_last(), PointsLot.id),
        )
        - PointsLot.remaining
    )
    part = sa.func.least(PointsLot.remaining, sa.func.greatest(-account.c.change - ahead, 0))
    rows = (
        sa.select(PointsLot.customer_id, PointsLot.account_id, PointsLot.id.label("lot_id"), (-part).label("points"))
        .join(account, _of(account))
        .where(PointsLot.remaining > 0, account.c.change < 0)
        .subquery()
    )
    return sa.select(
        rows.c.customer_id,
        rows.c.account_id,
        rows.c.lot_id,
        sa.cast(rows.c.points, sa.BigInteger).label("points"),
        _NONE,
    ).where(rows.c.points != 0)


def _given(wanted: ProgrammeRow, keys: Sequence[Key], as_of: dt.date, version: int) -> sa.Select[*tuple[Any, ...]]:
    """A debt is paid first, the rest fills one lot of each account."""
    account = _changed(wanted, keys)
    repaid = sa.func.least(account.c.debt, account.c.change)
    rest = account.c.change - repaid
    month = as_of.replace(day=1)
    lot = {
        "customer_id": account.c.customer_id,
        "account_id": account.c.account_id,
        "available_on": sa.literal(month, sa.Date()),
        "last_day": sa.literal(wanted.last_day, sa.Date()),
        "rule_version": sa.literal(version, sa.Integer()),
        "earned_month": sa.literal(None if wanted.last_day else month, sa.Date()),
        "earned": rest,
        "remaining": rest,
    }
    filling = insert(PointsLot).from_select(list(lot), sa.select(*lot.values()).where(rest > 0, account.c.change > 0))
    filled = (
        filling.on_conflict_do_update(
            constraint="uq_points_lots_bucket",
            set_={
                "earned": PointsLot.earned + filling.excluded.earned,
                "remaining": PointsLot.remaining + filling.excluded.remaining,
            },
        )
        .returning(PointsLot.customer_id, PointsLot.account_id, PointsLot.id.label("lot_id"))
        .cte("filled")
    )
    at = (filled.c.customer_id == account.c.customer_id) & (filled.c.account_id == account.c.account_id)
    to_lots = sa.select(filled.c.customer_id, filled.c.account_id, filled.c.lot_id, rest.label("points"), _NONE).join(
        account, at
    )
    to_debt = sa.select(
        account.c.customer_id,
        account.c.account_id,
        sa.literal(DEBT, sa.BigInteger()).label("lot_id"),
        repaid.label("points"),
        _NONE,
    ).where(repaid > 0, account.c.change > 0)
    both = sa.union_all(to_lots, to_debt).subquery()
    return sa.select(both)


def _changed(wanted: ProgrammeRow, keys: Sequence[Key]) -> sa.CTE:
    """The accounts of this batch as they are now that they are held, and by how much each is to change."""
    return (
        sa.select(
            PointsAccount.customer_id,
            PointsAccount.id.label("account_id"),
            PointsAccount.debt,
            queries.change_of(wanted, PointsAccount.balance).label("change"),
        )
        .where(sa.tuple_(PointsAccount.customer_id, PointsAccount.id).in_(among(keys)))
        .cte("account")
    )


_NONE = sa.cast(sa.null(), sa.BigInteger).label("reverses_seq")


def _of(account: sa.CTE) -> sa.ColumnElement[bool]:
    return (PointsLot.customer_id == account.c.customer_id) & (PointsLot.account_id == account.c.account_id)


def kind_of(wanted: ProgrammeRow) -> MovementKind:
    """What its movements are called."""
    return MovementKind.RESET if wanted.effect is Effect.ZERO else MovementKind.ADJUSTED


def _open(session: Session, programme_id: int) -> ProgrammeRow:
    session.execute(sa.select(PointsProgramme.id).where(PointsProgramme.id == programme_id).with_for_update())
    found = queries.programme(session, programme_id)
    if found.state is not ProgrammeState.OPEN:
        raise Conflict(T("This programme was withdrawn. Set up another one."), code="points-programme-withdrawn")
    return found


def _write(session: Session, programme_id: int, **values: Any) -> None:
    session.execute(sa.update(PointsProgramme).where(PointsProgramme.id == programme_id).values(values))
