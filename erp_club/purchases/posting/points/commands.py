"""The part of the posting statement that moves points: accounts, lots, movements, and what these did to the lots.

A movement's number and balance are what the UPDATE of its account returns, so two tills that sell to one member at once
wait for each other on that row and never count from the same balance. A lot is never read first: the upsert adds to
whatever another sale has just left in it.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import CTE

from erp_club.clubs.earning.account import Earning
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.rules import bucket, idle_last_day
from erp_club.purchases.posting.values import (
    DATES,
    NUMBERS,
    WORDS,
    arrays,
    given,
    numbers,
    some_dates,
)
from erp_club.purchases.sale import Sale

ONE, ZERO = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
DEBT_LOT = ZERO
_BUCKET = ("available_on", "last_day", "rule_version", "earned_month", "waits_for")
_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "holder_id": NUMBERS,
    "account_id": NUMBERS,
    "points": NUMBERS,
    "available_on": DATES,
    "last_day": DATES,
    "rule_version": NUMBERS,
    "earned_month": DATES,
    "waits_for": WORDS,
    "idle_last_day": DATES,
}


def earning_accounts(taken: CTE) -> CTE:
    """Add the points to their accounts, the debt first; of several accounts, in the order of their ids.

    An account that gains nothing is there only to count as active: its balance and numbers stay.
    """
    earned = arrays("earned", None, **_COLUMNS)
    several = sa.func.cardinality(sa.bindparam("earned_account_id", type_=NUMBERS)) > ONE
    # An UPDATE takes its rows in whatever order the plan gives. Two sales to one member of two clubs could each hold
    # what the other wants; so where there are several, they are locked in order first.
    locked = (
        sa.select(PointsAccount.id)
        .where(
            several,
            PointsAccount.customer_id == sa.any_(sa.bindparam("earned_holder_id", type_=NUMBERS)),
            PointsAccount.id == sa.any_(sa.bindparam("earned_account_id", type_=NUMBERS)),
        )
        .order_by(PointsAccount.id)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    repaid = sa.func.least(PointsAccount.debt, earned.c.points)
    return (
        sa.update(PointsAccount)
        .values(
            balance=PointsAccount.balance + earned.c.points,
            debt=PointsAccount.debt - repaid,
            repaid=repaid,
            last_seq=PointsAccount.last_seq + sa.case((earned.c.points > ZERO, ONE), else_=ZERO),
            # A sale that comes late brings an earlier day; where one is missing the other counts.
            idle_last_day=sa.func.greatest(earned.c.idle_last_day, PointsAccount.idle_last_day),
        )
        .where(
            PointsAccount.customer_id == earned.c.holder_id,
            PointsAccount.id == earned.c.account_id,
            sa.select(sa.func.count()).select_from(locked).scalar_subquery() >= ZERO,
            sa.select(sa.func.count()).select_from(taken).scalar_subquery() > ZERO,
        )
        .returning(
            PointsAccount.customer_id,
            PointsAccount.id,
            PointsAccount.balance,
            PointsAccount.last_seq,
            PointsAccount.repaid,
            earned.c.points,
            *(earned.c[name] for name in _BUCKET),
        )
        .cte("account")
    )


def earned_points(taken: CTE, account: CTE) -> tuple[CTE, ...]:
    """The movements of the points earned, the lots that take them, and which lot or debt took how many."""
    lots = _lots(account)
    return _movements(taken, account), lots, _parts(account, lots)


def _movements(taken: CTE, account: CTE) -> CTE:
    values: dict[str, Any] = {
        "customer_id": account.c.customer_id,
        "account_id": account.c.id,
        "seq": account.c.last_seq,
        "kind": sa.literal_column(f"'{MovementKind.EARNED.value}'"),
        "points": account.c.points,
        "balance_after": account.c.balance,
        "at": given("at", sa.DateTime(timezone=True)),
        "on_date": given("sold_on", sa.Date()),
        "by_customer_id": taken.c.customer_id,
        "receipt_id": taken.c.receipt_id,
        "rule_version": account.c.rule_version,
        **{name: given(name) for name in ("store_id", "terminal_id", "staff_id")},
    }
    rows = sa.select(*values.values()).select_from(taken.join(account, sa.true())).where(account.c.points > ZERO)
    return sa.insert(PointsMovement).from_select(list(values), rows).cte("movements")


def _lots(account: CTE) -> CTE:
    """Open each account's lot or add to it: what is left once the debt is paid."""
    left = account.c.points - account.c.repaid
    values = {
        "customer_id": account.c.customer_id,
        "account_id": account.c.id,
        **{name: account.c[name] for name in _BUCKET},
        "earned": left,
        "remaining": left,
    }
    added = insert(PointsLot).from_select(list(values), sa.select(*values.values()).where(left > ZERO))
    return (
        added.on_conflict_do_update(
            constraint="uq_points_lots_bucket",
            set_={
                "earned": PointsLot.earned + added.excluded.earned,
                "remaining": PointsLot.remaining + added.excluded.remaining,
            },
        )
        .returning(PointsLot.account_id, PointsLot.id)
        .cte("lots")
    )


def _parts(account: CTE, lots: CTE) -> CTE:
    key = (account.c.customer_id, account.c.id, account.c.last_seq)
    to_lot = sa.select(*key, lots.c.id.label("lot_id"), account.c.points - account.c.repaid).join_from(
        account, lots, lots.c.account_id == account.c.id
    )
    to_debt = sa.select(*key, DEBT_LOT, account.c.repaid).where(account.c.repaid > ZERO)
    columns = ["customer_id", "account_id", "seq", "lot_id", "points"]
    return sa.insert(PointsMovementLot).from_select(columns, sa.union_all(to_lot, to_debt)).cte("parts")


def values_of(sale: Sale, earning: Sequence[tuple[Earning, int]]) -> dict[str, Any]:
    """What the statement takes of the clubs that give points, and how many (≥ 0) each gives."""
    buckets = [bucket(club.terms, sale.sold_on, joined_on=club.joined_on) for club, _ in earning]
    return {
        "earned_holder_id": numbers([club.holder_id for club, _ in earning]),
        "earned_account_id": numbers([club.points_account_id for club, _ in earning]),
        "earned_points": numbers([points for _, points in earning]),
        "earned_available_on": some_dates([each.available_on for each in buckets]),
        "earned_last_day": some_dates([each.last_day for each in buckets]),
        "earned_rule_version": numbers([each.rule_version for each in buckets]),
        "earned_earned_month": some_dates([each.earned_month for each in buckets]),
        "earned_waits_for": [each.waits_for for each in buckets],
        "earned_idle_last_day": some_dates([idle_last_day(club.terms.expiry, sale.sold_on) for club, _ in earning]),
    }
