"""Where the points live now that a movement once put into an account: no movement is ever rewritten.

An account that gave all it had to another one names that as its heir. Whoever leaves a shared account, with a share or
without one, is told here. What settles an old movement asks `hold_living`: with which account.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.ledger.commands import Account, HeldAccount, hold_account
from erp_club.points.models import PointsAccount, PointsMove


def lives_in(
    session: Session, source: Account, target: Account, *, of: Sequence[int] | None = None, now: dt.datetime
) -> None:
    """What moved in `source` until now lives in `target` from now on: all, or what these customers moved there.

    Both accounts are held. What moves in `source` later stays there.
    """
    last = sa.select(PointsAccount.last_seq).where(
        PointsAccount.customer_id == source.holder_id, PointsAccount.id == source.id
    )
    for customer_id in [None] if of is None else of:
        session.execute(
            sa.insert(PointsMove).values(
                customer_id=source.holder_id,
                account_id=source.id,
                up_to_seq=last.scalar_subquery(),
                by_customer_id=customer_id,
                to_customer_id=target.holder_id,
                to_account_id=target.id,
                at=now,
            )
        )


def account_now(session: Session, account: Account, *, seq: int, of: int) -> Account:
    """Of which account the points are by now that the customer `of` moved by the movement `seq` of this one.

    It may change until that account is held: see `hold_living`.
    """
    at, after = account, 0
    while True:
        asked = {"holder": at.holder_id, "account": at.id, "seq": seq, "of": of, "after": after}
        row = session.execute(_MOVED, asked).one_or_none()
        if row is None:
            row = session.execute(_HEIR, {"holder": at.holder_id, "account": at.id}).one_or_none()
        if row is None:
            return at
        at, after = Account(row.to_account_id, row.to_customer_id), max(after, row.id)
        # What came here came before whatever moves on from here later.
        seq = 0


def hold_living(session: Session, account: Account, *, seq: int, of: int) -> HeldAccount:
    """Lock the account in which the points of a movement live now. Raises NotFound."""
    living = account_now(session, account, seq=seq, of=of)
    while True:
        held = hold_account(session, living)
        # Whoever moves points holds the account that they leave, so what is read under the lock stays.
        again = account_now(session, account, seq=seq, of=of)
        if again == held.account:
            return held
        living = again


def carry_standing(session: Session, source: Account, target: Account, *, whole: bool = False) -> None:
    """What was used on a day counts in the other account too, which lives as long; `whole`: it stands as this one."""
    keys = {"holder": source.holder_id, "account": source.id, "to_holder": target.holder_id, "to": target.id}
    session.execute(_STANDING, keys)
    if whole:
        session.execute(_STATE, keys)


_STANDING = sa.text(
    """
    UPDATE points_accounts a
       SET idle_last_day = greatest(a.idle_last_day, o.idle_last_day),
           redeemed_on = greatest(a.redeemed_on, o.redeemed_on),
           redeemed_that_day = CASE WHEN a.redeemed_on = o.redeemed_on
                                    THEN greatest(a.redeemed_that_day, o.redeemed_that_day)
                                    WHEN o.redeemed_on > coalesce(a.redeemed_on, '-infinity') THEN o.redeemed_that_day
                                    ELSE a.redeemed_that_day END
      FROM points_accounts o
     WHERE (o.customer_id, o.id) = (:holder, :account) AND (a.customer_id, a.id) = (:to_holder, :to)
    """
)
_STATE = sa.text(
    """
    UPDATE points_accounts a SET state = o.state, frozen_until = o.frozen_until FROM points_accounts o
     WHERE (o.customer_id, o.id) = (:holder, :account) AND (a.customer_id, a.id) = (:to_holder, :to)
    """
)
_MOVED = (
    sa.select(PointsMove.id, PointsMove.to_customer_id, PointsMove.to_account_id)
    .where(
        PointsMove.customer_id == sa.bindparam("holder", type_=sa.BigInteger),
        PointsMove.account_id == sa.bindparam("account", type_=sa.BigInteger),
        PointsMove.id > sa.bindparam("after", type_=sa.BigInteger),
        PointsMove.up_to_seq >= sa.bindparam("seq", type_=sa.BigInteger),
        sa.func.coalesce(PointsMove.by_customer_id, sa.bindparam("of", type_=sa.BigInteger))
        == sa.bindparam("of", type_=sa.BigInteger),
    )
    .order_by(PointsMove.id)
    .limit(1)
)
_HEIR = sa.select(
    sa.literal(0, sa.BigInteger).label("id"),
    PointsAccount.heir_holder_id.label("to_customer_id"),
    PointsAccount.heir_id.label("to_account_id"),
).where(
    PointsAccount.customer_id == sa.bindparam("holder", type_=sa.BigInteger),
    PointsAccount.id == sa.bindparam("account", type_=sa.BigInteger),
    PointsAccount.heir_id.is_not(None),
)
