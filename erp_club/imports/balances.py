"""Opening balances of points from a file: one lot a row, for members that are here already.

An account whose file says what was taken over before, or what lies on it now, is passed over; with other points it is
refused, since a second opening would give them twice.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import rules_on
from erp_club.clubs.models import Club, Membership
from erp_club.customers.models import Customer
from erp_club.imports import staging
from erp_club.imports.formats import Reading, Refusal
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress
from erp_club.kernel.text import TN, T, Text
from erp_club.permissions.actors import Actor
from erp_club.points.commands import earn_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.rules import Bucket

Key = tuple[str, str]
"""Number of the customer, code of the club."""
Lots = dict[dt.date | None, int]
_PHASE = T("Points")
_MANY = 1_000


@dataclass(slots=True)
class Wanted:
    """An account as its rows say; `line` is the first of them."""

    line: int
    rows: int = 0
    lots: Lots = field(default_factory=dict[dt.date | None, int])


@dataclass(frozen=True, slots=True)
class Held:
    """The account of a membership, the club's id, and what lies on it: what was opened with it, and what is left."""

    account: Account
    club_id: int
    opened: Lots
    left: Lots


def take(
    session: Session, reading: Reading, progress: Progress, *, now: dt.datetime, today: dt.date, by: Actor
) -> Outcome:
    """Read the whole file, then open the accounts."""
    read, wanted = _read(session, reading, progress)
    progress.phase(_PHASE)
    cause, versions = Cause(MovementKind.OPENING, today, now, by), dict[int, int]()
    keys, taken, unchanged, points = list(wanted), 0, 0, 0
    for start in range(0, len(keys), _MANY):
        held = _held(session, keys[start : start + _MANY])
        for key in keys[start : start + _MANY]:
            asked, there = wanted[key], held.get(key)
            if there is not None and asked.lots in (there.opened, there.left):
                unchanged += asked.rows
                continue
            fault = _fault(session, key, there)
            if there is None or fault is not None:
                staging.refuse(session, [Refusal(asked.line, "customer_number", key[0], fault or _NO_MEMBER)])
                continue
            _open(session, there, asked.lots, versions, cause)
            taken, points = taken + asked.rows, points + sum(asked.lots.values())
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=taken,
        unchanged=unchanged,
        refused=read - taken - unchanged,
        warnings=reading.warnings,
        notes=told((points, TN("%(num)s point was taken over.", "%(num)s points were taken over.", points))),
    )


_NO_MEMBER = T("The customer is no member of this club. Import customers with a column club:CODE first.")


def _read(session: Session, reading: Reading, progress: Progress) -> tuple[int, dict[Key, Wanted]]:
    """How many rows there are, and the accounts of those that can be taken; the others are refused."""
    read, wanted, refused = 0, dict[Key, Wanted](), set[Key]()
    for batch in reading.batches():
        read += len(batch.lines) + len({refusal.line for refusal in batch.refusals})
        staging.refuse(session, batch.refusals)
        refused |= {(str(group[0]), str(group[1])) for _, group in batch.refused_groups}
        columns = dict(zip(reading.columns, batch.values, strict=True))
        cells = (columns[name] for name in ("customer_number", "club", "points", "last_day"))
        for line, number, club, points, last_day in zip(batch.lines, *cells, strict=True):
            key = (str(number), str(club))
            asked = wanted.setdefault(key, Wanted(line))
            asked.rows += 1
            ends = last_day if isinstance(last_day, dt.date) else None
            if ends in asked.lots:
                text = T("This member stands twice with the same last day.")
                staging.refuse(session, [Refusal(line, "last_day", str(ends or ""), text)])
                refused.add(key)
            asked.lots[ends] = int(str(points))
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    return read, {key: asked for key, asked in wanted.items() if key not in refused}


def _held(session: Session, keys: Collection[Key]) -> dict[Key, Held]:
    """The accounts of these memberships, with a fixed number of queries."""
    rows = session.execute(
        sa.select(Customer.number, Club.code, Club.id, Membership.points_account_id, Membership.points_holder_id)
        .join(Membership, Membership.customer_id == Customer.id)
        .join(Club, Club.id == Membership.club_id)
        .where(sa.tuple_(Customer.number, Club.code).in_(keys))
    ).all()
    accounts = [row.points_account_id for row in rows]
    opened = _lots(
        session,
        sa.select(PointsMovementLot.account_id, PointsLot.last_day, sa.func.sum(PointsMovementLot.points))
        .join(
            PointsMovement,
            (PointsMovement.customer_id == PointsMovementLot.customer_id)
            & (PointsMovement.account_id == PointsMovementLot.account_id)
            & (PointsMovement.seq == PointsMovementLot.seq),
        )
        .join(PointsLot, PointsLot.id == PointsMovementLot.lot_id)
        .where(PointsMovement.kind == MovementKind.OPENING, PointsMovementLot.account_id.in_(accounts))
        .group_by(PointsMovementLot.account_id, PointsLot.last_day),
    )
    left = _lots(
        session,
        sa.select(PointsLot.account_id, PointsLot.last_day, sa.func.sum(PointsLot.remaining))
        .where(PointsLot.remaining > 0, PointsLot.account_id.in_(accounts))
        .group_by(PointsLot.account_id, PointsLot.last_day),
    )
    return {
        (row.number, row.code): Held(
            Account(row.points_account_id, row.points_holder_id),
            row.id,
            opened[row.points_account_id],
            left[row.points_account_id],
        )
        for row in rows
    }


def _lots(session: Session, asked: sa.Select[*tuple[Any, ...]]) -> Mapping[int, Lots]:
    made: dict[int, Lots] = defaultdict(dict)
    for row in session.execute(asked):
        made[row[0]][row[1]] = int(row[2])
    return made


def _fault(session: Session, key: Key, held: Held | None) -> Text | None:
    """Why an account can't be opened, if so."""
    if held is not None:
        if held.opened:
            return T("This balance was taken over before with other points. Change it in the back office instead.")
        return None
    number, code = key
    if session.execute(sa.select(Customer.id).where(Customer.number == number)).first() is None:
        return T("There is no customer with this number. Import the customers first.")
    if session.execute(sa.select(Club.id).where(Club.code == code)).first() is None:
        return T("There is no club with the code %(code)s.", code=code)
    return _NO_MEMBER


def _open(session: Session, held: Held, lots: Lots, versions: dict[int, int], cause: Cause) -> None:
    """A movement and a lot for each last day, under the club's rules of today."""
    if held.club_id not in versions:
        versions[held.club_id] = rules_on(session, held.club_id, on=cause.on).terms.version
    month = cause.on.replace(day=1)
    for last_day, points in sorted(lots.items(), key=lambda each: (each[0] is None, each[0] or cause.on)):
        lot = Bucket(month, last_day, versions[held.club_id], None if last_day else month)
        earn_points(session, held.account, points, to=lot, cause=cause)
