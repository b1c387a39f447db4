"""Gives what was promised for a day, once that has come: in batches, in the order of the holders."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.sets.commands import hold_accounts
from erp_club.programmes.engine.gifts import each_holds, is_held
from erp_club.programmes.engine.occasions import usable
from erp_club.programmes.milestones.commands import Promise, Receiver, hand_out
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.rewards.giving.commands import Cause
from erp_club.programmes.rewards.held.queries import room_of
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement

# What is promised to somebody whose membership has ended waits: the ending may be undone.
_DUE = """
    SELECT s.customer_id, s.id, s.account_id, s.club_id, s.rule, s.version_no, s.value, s.promised, m.joined_on
      FROM period_settlements s
      JOIN LATERAL (
          SELECT joined_on FROM memberships
           WHERE customer_id = s.customer_id AND points_account_id = s.account_id AND club_id = s.club_id
             AND state <> 'ended'
           ORDER BY id DESC LIMIT 1
      ) m ON true
     WHERE s.state = 'waiting' AND s.due_on <= :on
"""
_NEXT = sa.text(f"{_DUE} AND (s.customer_id, s.id) > (:customer, :settlement) ORDER BY s.customer_id, s.id LIMIT :most")
_IN_ALL = sa.text(f"SELECT count(*), CAST(coalesce(sum(value), 0) AS bigint) FROM ({_DUE}) due")  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch did: rows looked at, how many were given, their value, and the last one."""

    looked_at: int
    given: int
    value: int
    last: tuple[int, int] | None


def due(session: Session, *, on: dt.date) -> tuple[int, int]:
    """How many gifts have come due by a day, and their value."""
    row = session.execute(_IN_ALL, {"on": on}).one()
    return row[0], row[1]


def give_due(session: Session, cause: Cause, *, after: tuple[int, int] | None, limit: int) -> Done:
    """Give the next of what has come due. What is more than a member can hold unused goes on waiting."""
    customer, settlement = after or (0, 0)
    bound = {"on": cause.on, "customer": customer, "settlement": settlement, "most": limit}
    rows = session.execute(_NEXT, bound).all()
    if not rows:
        return Done(0, 0, 0, None)
    hold_accounts(session, sorted({(row.customer_id, row.account_id) for row in rows}))
    given = [row.value for row in rows if _give(session, row, cause)]
    return Done(len(rows), len(given), sum(given), (rows[-1].customer_id, rows[-1].id))


def _give(session: Session, row: sa.Row[Any], cause: Cause) -> bool:
    promise = Promise.model_validate(row.promised)
    programme = programme_in_force(session, row.club_id, cause.on)
    if programme is None:
        return False
    if is_held(promise.gives):
        room = room_of(session, programme, row.club_id, row.account_id, on=cause.on)
        if room is not None and room < each_holds(promise.gives):
            return False
    days = usable(promise.issue, cause.on, joined_on=row.joined_on)
    of = PeriodSettlement
    key = (of.customer_id == row.customer_id, of.id == row.id, of.state == RewardState.WAITING)
    given = {"state": RewardState.GIVEN, "run_id": cause.run_id, "at": cause.now}
    given |= {"usable_from": days.first, "last_day": days.last}
    if session.scalar(sa.update(of).where(*key).values(**given).returning(of.id)) is None:
        return False  # undone, or given, since it was looked for
    account = (row.customer_id, row.account_id)
    to = Receiver(row.club_id, row.version_no, programme, account, row.joined_on)
    hand_out(session, to, row.rule, promise, row.id, cause)
    return True
