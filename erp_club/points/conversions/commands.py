"""Takes out what is converted of many accounts, and lets points of the same account stand in another unit."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.lots import DEBT, Part
from erp_club.points.gifts.commands import WantedPoints, give_points
from erp_club.points.ledger.commands import Account, Cause, write_movement
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.rules import Bucket, Conversion
from erp_club.points.sets.commands import Key, SetCause, among, given_parts, write_movements


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot that holds something."""

    id: int
    points: int
    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Moved:
    """What a movement did: its number, and how many points (≥ 0) it took or gave."""

    seq: int
    points: int


def open_lots(
    session: Session, keys: Sequence[Key], *, on: dt.date, before_version: int | None
) -> dict[Key, list[OpenLot]]:
    """The lots of these held accounts that are converted, as they are used up; none of what is over by the day.

    With `before_version` those given by earlier rules, but for what waits for an event; else what may be used that day.
    """
    lot = PointsLot
    asked = (
        sa.select(
            lot.customer_id, lot.account_id, lot.id, lot.remaining,
            lot.available_on, lot.last_day, lot.rule_version, lot.earned_month, lot.waits_for,
        )
        .join(PointsAccount, (PointsAccount.customer_id == lot.customer_id) & (PointsAccount.id == lot.account_id))
        .where(
            lot.open,
            sa.tuple_(lot.customer_id, lot.account_id).in_(among(keys)),
            sa.or_(lot.last_day.is_(None), lot.last_day >= on),
            sa.or_(PointsAccount.idle_last_day.is_(None), PointsAccount.idle_last_day >= on),
            lot.available_on <= on if before_version is None else lot.rule_version < before_version,
            lot.waits_for.is_(None),
        )
        .order_by(lot.last_day.asc().nulls_last(), lot.id)
    )  # fmt: skip
    found: dict[Key, list[OpenLot]] = defaultdict(list)
    for row in session.execute(asked):
        found[row[0], row[1]].append(OpenLot(row[2], row[3], Bucket(*row[4:])))
    return found


def take_out(session: Session, lots: Mapping[Key, Sequence[OpenLot]], cause: SetCause) -> dict[Key, Moved]:
    """Take all that these lots of held accounts have, by one movement an account."""
    rows = [(*key, each.id, -each.points, None) for key, mine in lots.items() for each in mine]
    if not rows:
        return {}
    write_movements(session, given_parts(rows), cause)
    seqs = latest(session, list(lots))
    return {key: Moved(seqs[key], sum(each.points for each in mine)) for key, mine in lots.items()}


def put_in(
    session: Session, lots: Mapping[Key, Sequence[OpenLot]], conversion: Conversion, *, version: int, cause: SetCause
) -> dict[Key, Moved]:
    """Give these accounts what their lots become, to be used on the same days, under the rules that begin."""
    wanted: list[WantedPoints] = []
    given: dict[Key, int] = {}
    for key, mine in lots.items():
        shares = conversion.shares([each.points for each in mine])
        wanted += [
            WantedPoints(key, share, replace(each.bucket, rule_version=version))
            for each, share in zip(mine, shares, strict=True)
            if share
        ]
        if sum(shares):
            given[key] = sum(shares)
    give_points(session, wanted, cause)
    seqs = latest(session, list(given))
    return {key: Moved(seqs[key], points) for key, points in given.items()}


def convert_debt(session: Session, key: Key, owed: int, owes: int, cause: Cause) -> None:
    """Let a held account owe so much instead."""
    if owed != owes:
        write_movement(session, Account(key[1], key[0]), [Part(DEBT, owed - owes)], cause)


def latest(session: Session, keys: Sequence[Key]) -> dict[Key, int]:
    """The number of the last movement of each of these held accounts."""
    rows = session.execute(
        sa.select(PointsAccount.customer_id, PointsAccount.id, PointsAccount.last_seq).where(
            sa.tuple_(PointsAccount.customer_id, PointsAccount.id).in_(among(keys))
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


def debts_before(session: Session, keys: Sequence[Key], day: dt.date) -> dict[Key, int]:
    """What each of these held accounts owes that it owed before a day already; none of those that owe nothing such."""
    move, part = PointsMovement, PointsMovementLot
    rows = session.execute(
        sa.select(PointsAccount.customer_id, PointsAccount.id, PointsAccount.debt, -sa.func.sum(part.points))
        .join(part, (part.customer_id == PointsAccount.customer_id) & (part.account_id == PointsAccount.id))
        .join(
            move,
            (move.customer_id == part.customer_id) & (move.account_id == part.account_id) & (move.seq == part.seq),
        )
        .where(
            PointsAccount.debt > 0,
            part.lot_id == DEBT,
            move.on_date < day,
            sa.tuple_(PointsAccount.customer_id, PointsAccount.id).in_(among(keys)),
        )
        .group_by(PointsAccount.customer_id, PointsAccount.id, PointsAccount.debt)
    )
    return {(row[0], row[1]): min(row[2], int(row[3])) for row in rows if row[3] > 0}
