"""Give each of many accounts its own number of points, or take it, in one statement for all."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from erp_club.kernel.lots import DEBT
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.rules import Bucket
from erp_club.points.sets.commands import SetCause, write_movements

Amount = tuple[int, int, int]
"""Who holds the account, its own id, and how many points (above zero)."""
_NONE = sa.cast(sa.null(), sa.BigInteger).label("reverses_seq")


def give_points(session: Session, amounts: Sequence[Amount], to: Bucket, cause: SetCause) -> tuple[int, int]:
    """Give these held accounts points of one kind: a debt is paid first. How many accounts, and points."""
    if not amounts:
        return 0, 0
    account = _accounts(amounts)
    repaid = sa.func.least(account.c.debt, account.c.points)
    rest = account.c.points - repaid
    lot = {
        "customer_id": account.c.customer_id,
        "account_id": account.c.account_id,
        "available_on": sa.literal(to.available_on, sa.Date()),
        "last_day": sa.literal(to.last_day, sa.Date()),
        "rule_version": sa.literal(to.rule_version, sa.Integer()),
        "earned_month": sa.literal(to.earned_month, sa.Date()),
        "waits_for": sa.literal(to.waits_for, sa.Text()),
        "earned": rest,
        "remaining": rest,
    }
    filling = insert(PointsLot).from_select(list(lot), sa.select(*lot.values()).where(rest > 0))
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
    key = (account.c.customer_id, account.c.account_id)
    to_lots = sa.select(*key, filled.c.lot_id, rest.label("points"), _NONE).select_from(filled.join(account, at))
    debt = sa.literal(DEBT, sa.BigInteger()).label("lot_id")
    to_debt = sa.select(*key, debt, repaid.label("points"), _NONE).where(repaid > 0)
    return write_movements(session, sa.select(sa.union_all(to_lots, to_debt).subquery()), cause, filled=True)


def take_points(session: Session, amounts: Sequence[Amount], cause: SetCause) -> tuple[int, int]:
    """Take so many points of these held accounts: the earliest last day first, pending ones last, the rest as debt."""
    if not amounts:
        return 0, 0
    account = _accounts(amounts)
    own = (PointsLot.customer_id == account.c.customer_id) & (PointsLot.account_id == account.c.account_id)
    ahead = (
        sa.func.sum(PointsLot.remaining).over(
            partition_by=(PointsLot.customer_id, PointsLot.account_id),
            order_by=(_waits(cause.on), PointsLot.last_day.asc().nulls_last(), PointsLot.id),
        )
        - PointsLot.remaining
    )
    part = sa.func.least(PointsLot.remaining, sa.func.greatest(account.c.points - ahead, 0))
    lots = (
        sa.select(*account.c["customer_id", "account_id"], PointsLot.id.label("lot_id"), part.label("points"))
        .select_from(account.join(PointsLot, own))
        .where(PointsLot.remaining > 0)
        .cte("from_lots")
    )
    taken = (
        sa.select(lots.c.customer_id, lots.c.account_id, sa.func.sum(lots.c.points).label("points"))
        .group_by(lots.c.customer_id, lots.c.account_id)
        .cte("taken")
    )
    same = (taken.c.customer_id == account.c.customer_id) & (taken.c.account_id == account.c.account_id)
    missing = account.c.points - sa.cast(sa.func.coalesce(taken.c.points, 0), sa.BigInteger)
    owed = (
        sa.select(
            account.c.customer_id,
            account.c.account_id,
            sa.literal(DEBT, sa.BigInteger()).label("lot_id"),
            (-missing).label("points"),
            _NONE,
        )
        .select_from(account.outerjoin(taken, same))
        .where(missing > 0)
    )
    from_lots = sa.select(
        lots.c.customer_id,
        lots.c.account_id,
        lots.c.lot_id,
        sa.cast(-lots.c.points, sa.BigInteger).label("points"),
        _NONE,
    ).where(lots.c.points > 0)
    count, points = write_movements(session, sa.select(sa.union_all(from_lots, owed).subquery("parts_of")), cause)
    return count, -points


def _waits(on: dt.date) -> sa.ColumnElement[bool]:
    """Whether the points of a lot can't be used yet on a day."""
    return sa.func.coalesce(PointsLot.available_on > on, sa.true())


def _accounts(amounts: Sequence[Amount]) -> sa.CTE:
    names = ("customer_id", "account_id", "points")
    listed = (
        sa.func.unnest(
            *(
                sa.bindparam(f"of_{name}", [each[place] for each in amounts], type_=ARRAY(sa.BigInteger), unique=True)
                for place, name in enumerate(names)
            )
        )
        .table_valued(*(sa.column(name, sa.BigInteger) for name in names), name="amounts")
        .render_derived()
    )
    rows: Any = sa.select(listed.c.customer_id, listed.c.account_id, listed.c.points, PointsAccount.debt).join(
        PointsAccount,
        (PointsAccount.customer_id == listed.c.customer_id) & (PointsAccount.id == listed.c.account_id),
    )
    return rows.cte("account")
