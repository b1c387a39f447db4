"""Points for many accounts at once: what a job gives. A debt is paid first, the rest fills lots."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from erp_club.kernel.lots import DEBT
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.rules import Bucket
from erp_club.points.sets.commands import Key, SetCause, given_parts, hold_accounts, write_movements


@dataclass(frozen=True, slots=True)
class WantedPoints:
    """So many points (> 0) for an account, as points of this bucket. One account may be named several times."""

    account: Key
    points: int
    to: Bucket


def give_points(session: Session, wanted: Sequence[WantedPoints], cause: SetCause) -> int:
    """Give these points, one movement an account, and tell how many they were together."""
    if not wanted:
        return 0
    keys = sorted({each.account for each in wanted})
    hold_accounts(session, keys)
    owed = _debts(session, keys)
    repaid: dict[Key, int] = defaultdict(int)
    filling: dict[tuple[Key, Bucket], int] = defaultdict(int)
    for each in wanted:
        part = min(owed[each.account], each.points)
        owed[each.account] -= part
        repaid[each.account] += part
        if each.points > part:
            filling[each.account, each.to] += each.points - part
    lots = _fill(session, filling)
    rows = [(*key, lots[key, to], points, None) for (key, to), points in filling.items()]
    rows += [(*key, DEBT, points, None) for key, points in repaid.items() if points]
    _, points = write_movements(session, given_parts(rows), cause, filled=True)
    return points


def _debts(session: Session, keys: Sequence[Key]) -> dict[Key, int]:
    found = session.execute(
        sa.select(PointsAccount.customer_id, PointsAccount.id, PointsAccount.debt).where(
            PointsAccount.customer_id.in_({key[0] for key in keys}), PointsAccount.id.in_({key[1] for key in keys})
        )
    )
    return {(row[0], row[1]): row[2] for row in found}


def _fill(session: Session, filling: Mapping[tuple[Key, Bucket], int]) -> dict[tuple[Key, Bucket], int]:
    """The lots' ids; the lots hold the points already."""
    if not filling:
        return {}
    kinds = {
        "customer_id": sa.BigInteger(), "account_id": sa.BigInteger(), "available_on": sa.Date(), "last_day": sa.Date(),
        "rule_version": sa.Integer(), "earned_month": sa.Date(), "waits_for": sa.Text(), "earned": sa.BigInteger(),
        "remaining": sa.BigInteger(),
    }  # fmt: skip
    values = [
        (*key, to.available_on, to.last_day, to.rule_version, to.earned_month, to.waits_for, points, points)
        for (key, to), points in filling.items()
    ]
    listed = sa.func.unnest(
        *(
            sa.bindparam(name, [row[place] for row in values], type_=ARRAY(kind), unique=True)
            for place, (name, kind) in enumerate(kinds.items())
        )
    ).table_valued(*(sa.column(name, kind) for name, kind in kinds.items()), name="filling")
    listed = listed.render_derived(name="filling")
    added = insert(PointsLot).from_select(list(kinds), sa.select(*(listed.c[name] for name in kinds)))
    rows = session.execute(
        added.on_conflict_do_update(
            constraint="uq_points_lots_bucket",
            set_={
                "earned": PointsLot.earned + added.excluded.earned,
                "remaining": PointsLot.remaining + added.excluded.remaining,
            },
        ).returning(
            PointsLot.customer_id,
            PointsLot.account_id,
            PointsLot.available_on,
            PointsLot.last_day,
            PointsLot.rule_version,
            PointsLot.earned_month,
            PointsLot.waits_for,
            PointsLot.id,
        )
    )
    return {((row[0], row[1]), Bucket(*row[2:7])): row[7] for row in rows}
