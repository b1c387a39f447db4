"""What becomes of the points of memberships that ended by time alone (M-14): many at once, set by set.

Which policy holds is said by the rules of the day on which the membership lapsed, so a club that changes its mind
doesn't take points from those who left under other words. An account shared with another membership is kept.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from erp_club.clubs.conversions import queries as conversions
from erp_club.clubs.conversions.commands import Converting, convert
from erp_club.clubs.conversions.undoing import commands as undoing
from erp_club.clubs.conversions.undoing.commands import Back
from erp_club.clubs.earning.queries import rules_in_force
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.permissions.actors import Actor
from erp_club.points.commands import give_back_points
from erp_club.points.conversions.kinds import ConversionCause
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import Account, Cause, reversed_parts
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement
from erp_club.points.rules import Conversion, Fate, ReturnPolicy
from erp_club.points.sets.commands import Key, SetCause, drop_points, freeze_accounts, freeze_closed, hold_accounts

_ACCOUNT = (PointsAccount.customer_id == Membership.points_holder_id) & (
    PointsAccount.id == Membership.points_account_id
)


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What a batch did, and the last key that it looked at; None where there is none left."""

    frozen: int
    dropped: int
    points: int
    last: Key | None
    converted: int = 0
    became: int = 0


def lapse_memberships(
    session: Session, *, on: dt.date, after: Key | None, limit: int, run_id: int | None, now: dt.datetime, by: Actor
) -> Lapsed:
    """Freeze, drop or convert the points of the next `limit` memberships whose grace was over before `on`.

    Each is dealt with once: its account is open until then. Points that become those of another club wait until their
    holder is a member there. A key is customer and membership.
    """
    found = session.execute(_paged(_lapsed(on), after, limit)).all()
    if not found:
        return Lapsed(0, 0, 0, None)
    keys = [(row.customer_id, row.id) for row in found]
    _hold_memberships(session, keys)
    hold_accounts(session, [(row.holder_id, row.account_id) for row in found])
    # Whoever was renewed while we waited isn't among them any more.
    still = session.execute(_lapsed(on).where(Membership.id.in_([key[1] for key in keys]))).all()
    frozen: dict[dt.date, list[Key]] = defaultdict(list)
    dropped: list[Key] = []
    converted: dict[tuple[int, int, Conversion], list[Key]] = defaultdict(list)
    for row in still:
        key = (row.holder_id, row.account_id)
        if row.fate == Fate.CONVERT:
            converted[row.club_id, row.version_no, Conversion(**row.conversion)].append(key)
        elif row.frozen_until is not None and row.frozen_until >= on:
            frozen[row.frozen_until].append(key)
        else:
            dropped.append(key)
    for until, accounts in sorted(frozen.items()):
        freeze_accounts(session, accounts, until=until)
    became = moved = 0
    for (club_id, version, conversion), accounts in sorted(converted.items(), key=lambda each: each[0][:2]):
        how = Converting(club_id, version, conversion, ConversionCause.LAPSE, on, now, by, run_id)
        done = convert(session, accounts, how)
        became, moved = became + done.became, moved + done.accounts
        left = set(done.left)
        dropped += [key for key in accounts if key not in left]
    points = drop_points(session, dropped, SetCause(MovementKind.ENDED, on, now, by, run_id))
    emptied = len(dropped) - moved
    return Lapsed(sum(map(len, frozen.values())), emptied, points, keys[-1], moved, became)


def drop_frozen(
    session: Session, *, on: dt.date, after: Key | None, limit: int, run_id: int | None, now: dt.datetime, by: Actor
) -> Lapsed:
    """Drop the points of the next `limit` accounts that were frozen until a day before `on` and weren't revived.

    A key is customer and account.
    """
    asked = _thawed(on).order_by(PointsAccount.customer_id, PointsAccount.id).limit(limit)
    if after is not None:
        asked = asked.where(sa.tuple_(PointsAccount.customer_id, PointsAccount.id) > sa.tuple_(*after))
    found: list[Key] = [(row[0], row[1]) for row in session.execute(asked)]
    if not found:
        return Lapsed(0, 0, 0, None)
    hold_accounts(session, found)
    still: list[Key] = [
        (row[0], row[1]) for row in session.execute(_thawed(on).where(PointsAccount.id.in_([key[1] for key in found])))
    ]
    points = drop_points(session, still, SetCause(MovementKind.ENDED, on, now, by, run_id))
    return Lapsed(0, len(still), points, found[-1])


def take_back(
    session: Session,
    run_id: int,
    *,
    on: dt.date,
    after: Key | None,
    limit: int,
    undo_id: int,
    now: dt.datetime,
    by: Actor,
) -> Lapsed:
    """Give back what a run dropped, of its next `limit` accounts: each to the lots that it was taken from.

    An account that it closed is frozen without end, so that the next night leaves it and a renewal revives it. A key
    is customer and account.
    """
    asked = sa.select(
        PointsMovement.customer_id, PointsMovement.account_id, PointsMovement.seq, PointsMovement.points
    ).where(PointsMovement.run_id == run_id, PointsMovement.kind == MovementKind.ENDED)
    if after is not None:
        asked = asked.where(sa.tuple_(PointsMovement.customer_id, PointsMovement.account_id) > sa.tuple_(*after))
    found = session.execute(asked.order_by(PointsMovement.customer_id, PointsMovement.account_id).limit(limit)).all()
    if not found:
        return Lapsed(0, 0, 0, None)
    keys: list[Key] = [(row.customer_id, row.account_id) for row in found]
    hold_accounts(session, keys)
    for row in found:
        cause = Cause(MovementKind.UNDONE, on, now, by, customer_id=row.customer_id, run_id=undo_id)
        account = Account(row.account_id, row.customer_id)
        # Without what returns have taken from it meanwhile.
        lost = -row.points - sum(reversed_parts(session, account, row.seq).values())
        if lost:
            give_back_points(session, account, lost, of=row.seq, policy=ReturnPolicy(), cause=cause)
    freeze_closed(session, keys)
    return Lapsed(0, len(keys), sum(row.points for row in found), keys[-1])


def take_conversions_back(
    session: Session,
    run_id: int,
    *,
    on: dt.date,
    after: Key | None,
    limit: int,
    undo_id: int,
    now: dt.datetime,
    by: Actor,
) -> tuple[Back, Key | None]:
    """Take back what a run converted, of its next `limit` accounts, and the last key. A key is customer and number."""
    rows = conversions.of_run(session, run_id, after=after, limit=limit)
    keys = sorted({(each.customer_id, each.account_id) for each in rows})
    hold_accounts(session, keys)
    back = undoing.take_back(session, rows, Cause(MovementKind.UNDONE, on, now, by, run_id=undo_id))
    left = set(back.left)
    freeze_closed(session, [key for key in keys if key[0] not in left])
    return back, (rows[-1].customer_id, rows[-1].id) if rows else None


@dataclass(frozen=True, slots=True)
class Lapsing:
    """What a run would do: how many accounts it freezes, empties and converts, and the points (≥ 0) of the last two."""

    frozen: int
    dropped: int
    converted: int
    points: int

    @property
    def accounts(self) -> int:
        """All that it touches."""
        return self.frozen + self.dropped + self.converted


def lapsing(session: Session, *, on: dt.date) -> Lapsing:
    """What a run for this day would do to memberships and to accounts that were frozen before."""
    touched = _touched(on)
    kept, converts = touched.c.freezes, touched.c.converts
    points = sa.func.coalesce(sa.func.sum(touched.c.points).filter(~kept), 0)
    row = session.execute(
        sa.select(
            *(sa.func.count().filter(each) for each in (kept, ~kept & ~converts, converts)),
            sa.cast(points, sa.BigInteger),
        ).select_from(touched)
    ).one()
    return Lapsing(*row)


def some_lapsing(session: Session, *, on: dt.date, limit: int) -> list[tuple[int, int]]:
    """A few of those who lose points: the customer, and how many."""
    touched = _touched(on)
    asked = sa.select(touched.c.customer_id, touched.c.points).where(~touched.c.freezes, touched.c.points > 0)
    rows = session.execute(asked.order_by(touched.c.customer_id, touched.c.account_id).limit(limit))
    return [(customer_id, points) for customer_id, points in rows]


def _touched(on: dt.date) -> sa.Subquery:
    """A run's accounts: `customer_id`, `account_id`, whether it `freezes` or `converts` them, and their `points`."""
    lapsed = _lapsed(on).subquery()
    converts = (lapsed.c.fate == Fate.CONVERT.value).label("converts")
    freezes = sa.and_(~converts, sa.func.coalesce(lapsed.c.frozen_until >= on, sa.false())).label("freezes")
    both = sa.union_all(
        sa.select(lapsed.c.holder_id.label("customer_id"), lapsed.c.account_id, freezes, converts),
        _thawed(on).add_columns(sa.false(), sa.false()),
    ).subquery()
    held = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(PointsLot.remaining), 0), sa.BigInteger))
        .where(PointsLot.customer_id == both.c.customer_id, PointsLot.account_id == both.c.account_id, PointsLot.open)
        .scalar_subquery()
    )
    return sa.select(*both.c, held.label("points")).subquery()


def _lapsed(on: dt.date) -> sa.Select[*tuple[Any, ...]]:
    """Open memberships with an open account, whose grace is over and whose club doesn't keep their points."""
    last = (
        sa.select(
            sa.func.max(sa.func.upper(MembershipPeriod.validity), type_=sa.Date()).label("after"),
            sa.func.bool_or(sa.func.upper_inf(MembershipPeriod.validity)).label("endless"),
        )
        .where(
            MembershipPeriod.customer_id == Membership.customer_id,
            MembershipPeriod.membership_id == Membership.id,
            ~sa.func.isempty(MembershipPeriod.validity),
        )
        .lateral("last")
    )
    lapsed_on = last.c.after.op("+", return_type=sa.Date())(Club.grace_days)
    rules = rules_in_force(lapsed_on)
    said = sa.cast(rules.c.document, JSONB)["lapsed"]
    months = sa.func.coalesce(sa.cast(said["freeze_months"].astext, sa.Integer), 0)
    until = sa.cast(last.c.after - sa.literal_column("1") + sa.func.make_interval(0, months), sa.Date())
    fate = said["fate"].astext
    figures = said["conversion"]
    other = aliased(Membership)
    shared = sa.exists().where(
        other.points_account_id == Membership.points_account_id,
        other.id != Membership.id,
        sa.or_(other.state == MembershipState.PAUSED, _goes_on(other, on)),
    )
    return (
        sa.select(
            Membership.customer_id,
            Membership.id,
            Membership.points_holder_id.label("holder_id"),
            Membership.points_account_id.label("account_id"),
            sa.case((fate == Fate.FREEZE.value, until)).label("frozen_until"),
            fate.label("fate"),
            figures.label("conversion"),
            Membership.club_id,
            rules.c.version_no,
        )
        .join(Club, Club.id == Membership.club_id)
        .join(PointsAccount, _ACCOUNT)
        .join(last, sa.true())
        .join(rules, sa.true())
        .where(
            Membership.state == MembershipState.OPEN,
            PointsAccount.state == AccountState.OPEN,
            ~last.c.endless,
            lapsed_on <= on,
            sa.or_(
                fate.in_([Fate.FREEZE.value, Fate.DROP.value]),
                (fate == Fate.CONVERT.value) & (sa.func.jsonb_typeof(figures) == "object"),
            ),
            ~shared,
            # Once an account: whoever else shared it has lapsed as well.
            Membership.customer_id == Membership.points_holder_id,
        )
    )


def _goes_on(other: type[Membership], on: dt.date) -> sa.ColumnElement[bool]:
    """Whether a membership hasn't lapsed before this day, the club's grace included."""
    last = sa.func.upper(MembershipPeriod.validity)
    return (
        sa.select(sa.literal(1))
        .where(
            MembershipPeriod.customer_id == other.customer_id,
            MembershipPeriod.membership_id == other.id,
            other.state == MembershipState.OPEN,
            sa.or_(sa.func.upper_inf(MembershipPeriod.validity), last + Club.grace_days > on),
            ~sa.func.isempty(MembershipPeriod.validity),
        )
        .correlate(other, Club)
        .exists()
    )


def _thawed(on: dt.date) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(PointsAccount.customer_id, PointsAccount.id).where(
        PointsAccount.state == AccountState.FROZEN, PointsAccount.frozen_until < on
    )


def _paged(asked: sa.Select[*tuple[Any, ...]], after: Key | None, limit: int) -> sa.Select[*tuple[Any, ...]]:
    if after is not None:
        asked = asked.where(sa.tuple_(Membership.customer_id, Membership.id) > sa.tuple_(*after))
    return asked.order_by(Membership.customer_id, Membership.id).limit(limit)


def _hold_memberships(session: Session, keys: Sequence[Key]) -> None:
    """Lock these memberships before their accounts, as `clubs.commands` does: a renewal waits, or has been seen."""
    held = sa.select(Membership.id).where(Membership.id.in_([key[1] for key in keys]))
    locked = held.order_by(Membership.customer_id, Membership.id).with_for_update(key_share=True).cte("locked")
    session.execute(sa.select(sa.func.count()).select_from(locked))
