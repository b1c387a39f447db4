"""The part of the posting statement that moves points of a sale in which some are used.

Its accounts are locked by a statement before it in the same round trip, so all that it reads of them and of their lots
is as it is: it takes from the lots what is used, the earliest last day first, and adds what the sale earns, which may
be to one of the same lots. Where an account hasn't enough, nothing at all is written, and the answer names it.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import CTE

from erp_club.kernel.prepared import Prepared
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.rules import bucket, idle_last_day
from erp_club.purchases.posting.values import DATES, NUMBERS, WORDS, arrays, given, numbers, some_dates, some_numbers
from erp_club.purchases.spending import Spending

ONE, ZERO = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
FOREVER = sa.literal_column("DATE 'infinity'", sa.Date())
_BUCKET = ("available_on", "last_day", "rule_version", "earned_month", "waits_for")
_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "holder_id": NUMBERS,
    "account_id": NUMBERS,
    "spent": NUMBERS,
    "earned": NUMBERS,
    "available_on": DATES,
    "last_day": DATES,
    "rule_version": NUMBERS,
    "earned_month": DATES,
    "waits_for": WORDS,
    "idle_last_day": DATES,
    "least_balance": NUMBERS,
    "most_a_day": NUMBERS,
}
_DAY = given("sold_on", sa.Date())


LOCK = Prepared(
    sa.select(PointsAccount.id)
    .where(
        PointsAccount.customer_id == sa.any_(sa.bindparam("moved_holder_id", type_=NUMBERS)),
        PointsAccount.id == sa.any_(sa.bindparam("moved_account_id", type_=NUMBERS)),
    )
    .order_by(PointsAccount.id)
    .with_for_update(key_share=True)
)
"""Locks the accounts in the order of their ids, as every sale does."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What can be used of each account, and the first account that hasn't enough (`refused`; empty where all have)."""

    moving: CTE
    usable: CTE
    refused: CTE


def checked() -> Checked:
    """Whether the accounts have what is to be used, within the club's limits."""
    rows = arrays("moved", None, **_COLUMNS)
    moving = sa.select(*rows.c).cte("moving")
    usable = _usable(moving)
    there = sa.func.coalesce(sa.func.sum(usable.c.remaining), ZERO)
    today = sa.case((PointsAccount.redeemed_on >= _DAY, PointsAccount.redeemed_that_day), else_=ZERO)
    problem = sa.case(
        (there < moving.c.spent, _word("few")),
        (there < moving.c.least_balance, _word("balance")),
        (today + moving.c.spent > moving.c.most_a_day, _word("day")),
    )
    refused = (
        sa.select(
            moving.c.account_id, problem.label("problem"), sa.cast(there, sa.BigInteger).label("available"),
            sa.func.greatest(moving.c.most_a_day - today, ZERO).label("left_today"),
        )
        .join(PointsAccount, _of(moving))
        .outerjoin(usable, usable.c.account_id == moving.c.account_id)
        .where(moving.c.spent > ZERO)
        .group_by(
            moving.c.account_id, moving.c.spent, moving.c.least_balance, moving.c.most_a_day,
            PointsAccount.redeemed_on, PointsAccount.redeemed_that_day,
        )
        .having(problem.is_not(None))
        .order_by(moving.c.account_id)
        .limit(ONE)
        .cte("refused")
    )  # fmt: skip
    return Checked(moving, usable, refused)


def _word(word: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{word}'", sa.Text())


def _of(moving: CTE) -> sa.ColumnElement[bool]:
    return (PointsAccount.customer_id == moving.c.holder_id) & (PointsAccount.id == moving.c.account_id)


def _usable(moving: CTE) -> CTE:
    """The lots that may be used today, each with how much those before it hold."""
    order = (PointsLot.last_day.asc().nulls_last(), PointsLot.id)
    so_far = sa.func.sum(PointsLot.remaining).over(partition_by=PointsLot.account_id, order_by=order)
    return (
        sa.select(
            PointsLot.customer_id,
            PointsLot.account_id,
            PointsLot.id,
            PointsLot.remaining,
            sa.func.least(PointsLot.remaining, moving.c.spent - (so_far - PointsLot.remaining)).label("taken"),
        )
        .join(moving, (moving.c.holder_id == PointsLot.customer_id) & (moving.c.account_id == PointsLot.account_id))
        .join(
            PointsAccount,
            (PointsAccount.customer_id == PointsLot.customer_id) & (PointsAccount.id == PointsLot.account_id),
        )
        .where(
            PointsLot.remaining > ZERO,
            PointsLot.available_on <= _DAY,
            sa.func.coalesce(PointsLot.last_day, FOREVER) >= _DAY,
            PointsAccount.state == _word(AccountState.OPEN.value),
            sa.func.coalesce(PointsAccount.idle_last_day, FOREVER) >= _DAY,
        )
        .cte("usable")
    )


def moved_accounts(taken: CTE, checks: Checked) -> CTE:
    """Take what is used from the balances and add what is earned, the debt first."""
    moving = checks.moving
    repaid = sa.func.least(PointsAccount.debt, moving.c.earned)
    spends, same = moving.c.spent > ZERO, PointsAccount.redeemed_on >= _DAY
    return (
        sa.update(PointsAccount)
        .values(
            balance=PointsAccount.balance - moving.c.spent + moving.c.earned,
            debt=PointsAccount.debt - repaid,
            repaid=repaid,
            last_seq=PointsAccount.last_seq + _one(spends) + _one(moving.c.earned > ZERO),
            # A sale that comes late brings an earlier day; where one is missing the other counts.
            idle_last_day=sa.func.greatest(moving.c.idle_last_day, PointsAccount.idle_last_day),
            redeemed_that_day=sa.case(
                (spends, sa.case((same, PointsAccount.redeemed_that_day), else_=ZERO) + moving.c.spent),
                else_=PointsAccount.redeemed_that_day,
            ),
            redeemed_on=sa.case(
                (spends, sa.func.greatest(PointsAccount.redeemed_on, _DAY)), else_=PointsAccount.redeemed_on
            ),
        )
        .where(
            _of(moving),
            sa.select(sa.func.count()).select_from(taken).scalar_subquery() > ZERO,
        )
        .returning(
            PointsAccount.customer_id,
            PointsAccount.id,
            PointsAccount.balance,
            PointsAccount.last_seq,
            PointsAccount.repaid,
            moving.c.spent,
            moving.c.earned,
            *(moving.c[name] for name in _BUCKET),
        )
        .cte("account")
    )


def _one(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, ONE), else_=ZERO)


def moved_points(taken: CTE, account: CTE, checks: Checked) -> tuple[CTE, ...]:
    """The movements, what they do to the lots, and which lot or debt gave or took how many."""
    credit = _credit(account)
    opened, used = _opened(credit), _used(account, checks.usable)
    return _movements(taken, account), _changed(used, credit), opened, _parts(account, used, credit, opened)


def _credit(account: CTE) -> CTE:
    """What is earned beyond the debt, with the lot that it goes to where the account has that already."""
    left = account.c.earned - account.c.repaid
    same = [PointsLot.__table__.c[name].is_not_distinct_from(account.c[name]) for name in _BUCKET]
    key = (PointsLot.customer_id == account.c.customer_id) & (PointsLot.account_id == account.c.id)
    return (
        sa.select(
            account.c.customer_id,
            account.c.id.label("account_id"),
            account.c.last_seq,
            left.label("left"),
            PointsLot.id.label("lot_id"),
            *(account.c[name] for name in _BUCKET),
        )
        .select_from(account.outerjoin(PointsLot, sa.and_(key, *same)))
        .where(left > ZERO)
        .cte("credit")
    )


def _opened(credit: CTE) -> CTE:
    values: dict[str, Any] = {
        "customer_id": credit.c.customer_id,
        "account_id": credit.c.account_id,
        **{name: credit.c[name] for name in _BUCKET},
        "earned": credit.c.left,
        "remaining": credit.c.left,
    }
    rows = sa.select(*values.values()).where(credit.c.lot_id.is_(None))
    return (
        sa.insert(PointsLot).from_select(list(values), rows).returning(PointsLot.account_id, PointsLot.id).cte("opened")
    )


def _used(account: CTE, usable: CTE) -> CTE:
    """What is taken from which lot; nothing where the sale isn't written."""
    return (
        sa.select(usable.c.customer_id, usable.c.account_id, usable.c.id.label("lot_id"), usable.c.taken)
        .add_columns((account.c.last_seq - _one(account.c.earned > ZERO)).label("seq"))
        .join_from(usable, account, account.c.id == usable.c.account_id)
        .where(usable.c.taken > ZERO)
        .cte("used")
    )


def _changed(used: CTE, credit: CTE) -> CTE:
    """One change for each lot, though it may both give and take: PostgreSQL changes a row once in a statement."""
    key = ("customer_id", "account_id", "lot_id")
    taken = sa.select(*(used.c[name] for name in key), (-used.c.taken).label("remaining"), ZERO.label("earned"))
    given_to = sa.select(
        *(credit.c[name] for name in key), credit.c.left.label("remaining"), credit.c.left.label("earned")
    ).where(credit.c.lot_id.is_not(None))
    every = sa.union_all(taken, given_to).cte("every")
    summed = (
        sa.select(
            *(every.c[name] for name in key),
            sa.cast(sa.func.sum(every.c.remaining), sa.BigInteger).label("remaining"),
            sa.cast(sa.func.sum(every.c.earned), sa.BigInteger).label("earned"),
        )
        .group_by(*(every.c[name] for name in key))
        .cte("summed")
    )
    return (
        sa.update(PointsLot)
        .values(remaining=PointsLot.remaining + summed.c.remaining, earned=PointsLot.earned + summed.c.earned)
        .where(
            PointsLot.customer_id == summed.c.customer_id,
            PointsLot.account_id == summed.c.account_id,
            PointsLot.id == summed.c.lot_id,
        )
        .cte("changed")
    )


def _movements(taken: CTE, account: CTE) -> CTE:
    """What is used comes first, then what is earned."""

    def rows(kind: MovementKind, seq: Any, points: Any, balance: Any) -> Any:
        values: tuple[Any, ...] = (
            account.c.customer_id,
            account.c.id,
            seq,
            _word(kind.value),
            points,
            balance,
            given("at", sa.DateTime(timezone=True)),
            _DAY,
            taken.c.customer_id,
            taken.c.receipt_id,
            account.c.rule_version,
            *(given(name) for name in ("store_id", "terminal_id", "staff_id")),
        )
        return sa.select(*values).select_from(taken.join(account, sa.true()))

    earns = account.c.earned > ZERO
    used = rows(
        MovementKind.REDEEMED,
        account.c.last_seq - _one(earns),
        -account.c.spent,
        account.c.balance - account.c.earned,
    ).where(account.c.spent > ZERO)
    earned = rows(MovementKind.EARNED, account.c.last_seq, account.c.earned, account.c.balance).where(earns)
    columns = [
        "customer_id", "account_id", "seq", "kind", "points", "balance_after", "at", "on_date", "by_customer_id",
        "receipt_id", "rule_version", "store_id", "terminal_id", "staff_id",
    ]  # fmt: skip
    return sa.insert(PointsMovement).from_select(columns, sa.union_all(used, earned)).cte("movements")


def _parts(account: CTE, used: CTE, credit: CTE, opened: CTE) -> CTE:
    every = sa.union_all(
        sa.select(used.c.customer_id, used.c.account_id, used.c.seq, used.c.lot_id, -used.c.taken),
        sa.select(
            credit.c.customer_id,
            credit.c.account_id,
            credit.c.last_seq,
            sa.func.coalesce(credit.c.lot_id, opened.c.id),
            credit.c.left,
        ).select_from(credit.outerjoin(opened, opened.c.account_id == credit.c.account_id)),
        sa.select(account.c.customer_id, account.c.id, account.c.last_seq, ZERO, account.c.repaid).where(
            account.c.repaid > ZERO
        ),
    )
    columns = ["customer_id", "account_id", "seq", "lot_id", "points"]
    return sa.insert(PointsMovementLot).from_select(columns, every).cte("parts")


def values_of(spending: Sequence[Spending], on: dt.date) -> dict[str, Any]:
    """What the statement, and the one that locks, take of the accounts."""

    def each(name: str, told: Iterable[Any]) -> dict[str, Any]:
        return {f"moved_{name}": some_dates(told) if _COLUMNS[name] is DATES else some_numbers(told)}

    accounts = [one.account for one in spending]
    lots = [bucket(account.terms, on, joined_on=account.joined_on) for account in accounts]
    limits = [account.rules.redemption for account in accounts]
    return {
        "moved_holder_id": numbers([account.holder_id for account in accounts]),
        "moved_account_id": numbers([account.points_account_id for account in accounts]),
        "moved_spent": numbers([one.spent for one in spending]),
        "moved_earned": numbers([one.earned for one in spending]),
        "moved_waits_for": [lot.waits_for for lot in lots],
        **each("available_on", [lot.available_on for lot in lots]),
        **each("last_day", [lot.last_day for lot in lots]),
        **each("rule_version", [lot.rule_version for lot in lots]),
        **each("earned_month", [lot.earned_month for lot in lots]),
        **each("idle_last_day", [idle_last_day(account.terms.expiry, on) for account in accounts]),
        **each("least_balance", [limit.min_balance if limit else None for limit in limits]),
        **each("most_a_day", [limit.max_points_a_day if limit else None for limit in limits]),
    }
