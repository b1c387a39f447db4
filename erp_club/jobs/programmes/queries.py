"""Whom a programme chooses, and what it would do to them."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Club, Membership
from erp_club.customers.models import Customer
from erp_club.customers.queries import family_of
from erp_club.jobs.programmes.kinds import ProgrammeState
from erp_club.jobs.programmes.models import PointsProgramme
from erp_club.jobs.programmes.replay import ENDED, MOVED, Later, Standing
from erp_club.jobs.programmes.rules import EXTRA, WHOLE_BP, Effect, Rounding
from erp_club.kernel.errors import NotFound
from erp_club.kernel.lots import Lot, Part
from erp_club.kernel.text import T
from erp_club.permissions.models import Staff
from erp_club.points.kinds import AccountState
from erp_club.points.models import PointsAccount, PointsLot, PointsMove, PointsMovement, PointsMovementLot
from erp_club.points.sets.commands import Key, among
from erp_club.points.units import Unit
from erp_club.receipts.models import Receipt
from erp_club.segments.models import Segment
from erp_club.segments.saved import listed


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme with the names of its club, segment and people."""

    id: int
    name: str
    club_id: int
    club_code: str
    club_names: dict[str, str]
    unit: Unit
    joined_from: dt.date | None
    joined_to: dt.date | None
    inactive_since: dt.date | None
    numbers: list[str] | None
    effect: Effect
    amount: int
    rounding: Rounding
    last_day: dt.date | None
    run_on: dt.date | None
    state: ProgrammeState
    made_at: dt.datetime
    made_by: int | None
    maker: str | None
    segment_id: int | None
    segment: str | None


@dataclass(frozen=True, slots=True)
class Touched:
    """What a programme would do: accounts, points given and points taken (both ≥ 0), and a few of the accounts."""

    accounts: int
    given: int
    taken: int

    @property
    def moved(self) -> int:
        """Points that move, either way."""
        return self.given + self.taken


@dataclass(frozen=True, slots=True)
class TouchedAccount:
    """One account with its holder, and by how many points its balance would change."""

    customer_id: int
    number: str
    points: int


def programme(session: Session, programme_id: int) -> ProgrammeRow:
    """One programme. Raises NotFound."""
    row = session.execute(_programmes().where(PointsProgramme.id == programme_id)).one_or_none()
    if row is None:
        raise NotFound(T("There is no such programme."), code="points-programme-unknown")
    return _row(row)


def programmes(session: Session, *, limit: int | None) -> list[ProgrammeRow]:
    """The newest programmes first."""
    return [_row(row) for row in session.execute(_programmes().order_by(PointsProgramme.id.desc()).limit(limit))]


def clubs(session: Session, programme_ids: Collection[int]) -> dict[int, int]:
    """The clubs of these programmes."""
    asked = sa.select(PointsProgramme.id, PointsProgramme.club_id).where(PointsProgramme.id.in_(programme_ids))
    return {row.id: row.club_id for row in session.execute(asked)}


def names(session: Session, programme_ids: Collection[int]) -> dict[int, str]:
    """What these programmes are called."""
    asked = sa.select(PointsProgramme.id, PointsProgramme.name).where(PointsProgramme.id.in_(programme_ids))
    return {row.id: row.name for row in session.execute(asked)}


def due(session: Session, today: dt.date) -> Sequence[tuple[int, dt.date]]:
    """The programmes that run by themselves, on today or on a day before it, and that day."""
    asked = sa.select(PointsProgramme.id, PointsProgramme.run_on).where(
        PointsProgramme.run_on <= today, PointsProgramme.state == ProgrammeState.OPEN
    )
    return [(programme_id, day) for programme_id, day in session.execute(asked) if day is not None]


def touched(session: Session, wanted: ProgrammeRow) -> Touched:
    """What it would do now."""
    change = chosen(wanted).subquery().c.change
    given, taken = sa.func.sum(change).filter(change > 0), sa.func.sum(-change).filter(change < 0)
    row = session.execute(sa.select(sa.func.count(), *(_whole(each) for each in (given, taken)))).one()
    return Touched(*row)


def some_touched(session: Session, wanted: ProgrammeRow, *, limit: int) -> list[TouchedAccount]:
    """A few of those accounts."""
    some = chosen(wanted).order_by(PointsAccount.customer_id, PointsAccount.id).limit(limit).subquery()
    asked = sa.select(Customer.id, Customer.number, some.c.change).join(some, some.c.customer_id == Customer.id)
    return [TouchedAccount(*row) for row in session.execute(asked.order_by(Customer.id))]


def next_keys(session: Session, wanted: ProgrammeRow, *, after: Key | None, limit: int) -> list[Key]:
    """The next accounts that it would change, in the order of their holders."""
    asked = chosen(wanted).order_by(PointsAccount.customer_id, PointsAccount.id).limit(limit)
    if after is not None:
        asked = asked.where(sa.tuple_(PointsAccount.customer_id, PointsAccount.id) > sa.tuple_(*after))
    return [(row.customer_id, row.account_id) for row in session.execute(asked)]


def moved_by(session: Session, run_id: int, *, after: Key | None, limit: int) -> list[Key]:
    """The next accounts that a run has moved, in the order of their holders."""
    asked = (
        sa.select(PointsMovement.customer_id, PointsMovement.account_id)
        .where(PointsMovement.run_id == run_id)
        .order_by(PointsMovement.customer_id, PointsMovement.account_id)
        .limit(limit)
    )
    if after is not None:
        asked = asked.where(sa.tuple_(PointsMovement.customer_id, PointsMovement.account_id) > sa.tuple_(*after))
    return [(row.customer_id, row.account_id) for row in session.execute(asked)]


def standings(session: Session, run_id: int, keys: Sequence[Key]) -> dict[Key, tuple[int, Standing]]:
    """These held accounts, each with the number of the run's movement, and all that its undoing must know."""
    lots: dict[Key, list[Lot]] = {key: [] for key in keys}
    given: dict[int, int] = {}
    for row in session.execute(_all_of(PointsLot, keys, _LOT)):
        lots[row.customer_id, row.account_id].append(Lot(row.id, row.remaining, row.available_on, row.last_day))
        given[row.id] = row.earned
    moves: dict[Key, dict[int, Later]] = {key: {} for key in keys}
    undone: dict[Key, int] = {}
    for row in session.execute(_since(run_id, keys)):
        key = row.customer_id, row.account_id
        if row.run_id == run_id:
            undone.setdefault(key, row.seq)
        known = moves[key].get(row.seq, Later(row.kind, row.on_date, (), row.seq, row.reverses_seq))
        moves[key][row.seq] = replace(known, parts=(*known.parts, Part(row.lot_id, row.points)))
    before: dict[Key, dict[int, tuple[tuple[Part, ...], int]]] = {key: {} for key in keys}
    for row in session.execute(_reversed_before(keys, moves, undone)):
        of = before[row.customer_id, row.account_id]
        of[row.seq] = ((*of.get(row.seq, ((), 0))[0], Part(row.lot_id, row.points)), row.back)
    accounts = {(row.customer_id, row.id): row for row in session.execute(_accounts(keys))}
    made: dict[Key, tuple[int, Standing]] = {}
    for key in keys:
        seq = undone[key]
        later = tuple(moves[key][each] for each in sorted(moves[key]) if each > seq)
        at, barred = accounts[key], None
        if at.heir_id is not None or (at.moved_up_to or 0) >= seq:
            barred = MOVED
        elif at.state == AccountState.CLOSED:
            barred = ENDED
        made[key] = seq, Standing(at.debt, tuple(lots[key]), given, moves[key][seq].parts, later, barred, before[key])
    return made


def _reversed_before(
    keys: Sequence[Key], moves: Mapping[Key, Mapping[int, Later]], undone: Mapping[Key, int]
) -> sa.Select[*tuple[Any, ...]]:
    """The parts of movements from before the run's that later ones take back, and how much came back before it."""
    wanted = [
        (*key, each.reverses, undone[key])
        for key in keys
        for each in moves[key].values()
        if each.reverses is not None and each.reverses < undone[key]
    ]
    names = ("customer_id", "account_id", "seq", "undone")
    asked = (
        sa.func.unnest(
            *(
                sa.bindparam(name, [row[place] for row in wanted], type_=ARRAY(sa.BigInteger), unique=True)
                for place, name in enumerate(names)
            )
        )
        .table_valued(*(sa.column(name, sa.BigInteger) for name in names), name="asked")
        .render_derived()
    )
    part, back = PointsMovementLot, PointsMovement
    gone = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(back.points), 0), sa.BigInteger)).where(
        *(back.customer_id == part.customer_id, back.account_id == part.account_id),
        *(back.reverses_seq == part.seq, back.seq < asked.c.undone),
    )
    return (
        sa.select(
            *(part.customer_id, part.account_id, part.seq, part.lot_id, part.points),
            gone.correlate(part, asked).scalar_subquery().label("back"),
        )
        .join(
            asked,
            sa.and_(
                part.customer_id == asked.c.customer_id, part.account_id == asked.c.account_id, part.seq == asked.c.seq
            ),
        )
        .distinct()
        .order_by(part.customer_id, part.account_id, part.seq, part.lot_id)
    )


def _accounts(keys: Sequence[Key]) -> sa.Select[*tuple[Any, ...]]:
    """These accounts, each with the last movement of which anything lives in another account by now."""
    account, move = PointsAccount, PointsMove
    left = sa.select(sa.func.max(move.up_to_seq)).where(
        move.customer_id == account.customer_id, move.account_id == account.id
    )
    return sa.select(
        *(account.customer_id, account.id, account.debt, account.state, account.heir_id),
        left.correlate(account).scalar_subquery().label("moved_up_to"),
    ).where(sa.tuple_(account.customer_id, account.id).in_(among(keys)))


_LOT = (
    *(PointsLot.customer_id, PointsLot.account_id, PointsLot.id, PointsLot.remaining),
    *(PointsLot.available_on, PointsLot.last_day, PointsLot.earned),
)


def _all_of(table: Any, keys: Sequence[Key], columns: Sequence[Any]) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*columns).where(sa.tuple_(table.customer_id, table.account_id).in_(among(keys)))


def _since(run_id: int, keys: Sequence[Key]) -> sa.Select[*tuple[Any, ...]]:
    """The parts of the run's movements and of all that came after them, in order."""
    first = aliased(PointsMovement)
    move, part = PointsMovement, PointsMovementLot
    return (
        sa.select(
            *(move.customer_id, move.account_id, move.seq, move.kind, move.on_date, move.run_id, move.reverses_seq),
            *(part.lot_id, part.points),
        )
        .join(first, (first.customer_id == move.customer_id) & (first.account_id == move.account_id))
        .join(
            part,
            (part.customer_id == move.customer_id) & (part.account_id == move.account_id) & (part.seq == move.seq),
        )
        .where(
            first.run_id == run_id,
            move.seq >= first.seq,
            sa.tuple_(move.customer_id, move.account_id).in_(among(keys)),
        )
        .order_by(move.customer_id, move.account_id, move.seq, part.lot_id)
    )


def chosen(wanted: ProgrammeRow) -> sa.Select[*tuple[Any, ...]]:
    """Accounts of the chosen members that would change: `customer_id`, `account_id`, `change`. Closed ones never do."""
    change = change_of(wanted, PointsAccount.balance)
    return sa.select(PointsAccount.customer_id, PointsAccount.id.label("account_id"), change.label("change")).where(
        PointsAccount.state != AccountState.CLOSED, change != 0, _has_member(wanted)
    )


def change_of(wanted: ProgrammeRow, balance: Any) -> sa.ColumnElement[int]:
    """`rules.change` over a column."""
    amount = sa.literal(wanted.amount, sa.BigInteger())
    held = sa.func.greatest(balance, 0)
    match wanted.effect:
        case Effect.ZERO | Effect.SET:
            return amount - balance
        case Effect.ADD:
            return sa.func.greatest(amount, -held)
        case Effect.PERCENT:
            return sa.func.div(held * (WHOLE_BP + amount) + EXTRA[wanted.rounding], WHOLE_BP).cast(sa.BigInteger) - held


def _has_member(wanted: ProgrammeRow) -> sa.ColumnElement[bool]:
    member = sa.select(Membership.id).where(
        Membership.points_holder_id == PointsAccount.customer_id,
        Membership.points_account_id == PointsAccount.id,
        Membership.club_id == wanted.club_id,
        Membership.state != MembershipState.ENDED,
    )
    if wanted.joined_from is not None:
        member = member.where(Membership.joined_on >= wanted.joined_from)
    if wanted.joined_to is not None:
        member = member.where(Membership.joined_on <= wanted.joined_to)
    if wanted.inactive_since is not None:
        bought = sa.select(Receipt.id).where(
            Receipt.customer_id.in_(family_of(Membership.customer_id)), Receipt.sold_on >= wanted.inactive_since
        )
        member = member.where(~bought.correlate(Membership).exists())
    if wanted.segment_id is not None:
        member = member.where(Membership.customer_id.in_(listed(wanted.segment_id)))
    if wanted.numbers is not None:
        named = sa.select(Customer.id).where(
            Customer.id == Membership.customer_id, Customer.number == sa.any_(sa.cast(wanted.numbers, _TEXTS))
        )
        member = member.where(named.correlate(Membership).exists())
    return member.correlate(PointsAccount).exists()


_TEXTS = PointsProgramme.numbers.type


def nobodys(session: Session, numbers: Sequence[str]) -> list[str]:
    """Those of these that are no customer's number."""
    asked = sa.select(Customer.number).where(Customer.number == sa.any_(sa.cast(list(numbers), _TEXTS)))
    known: set[str] = set(session.scalars(asked)) if numbers else set()
    return [each for each in numbers if each not in known]


def _whole(total: Any) -> Any:
    return sa.cast(sa.func.coalesce(total, 0), sa.BigInteger)


def _programmes() -> sa.Select[*tuple[Any, ...]]:
    table = PointsProgramme
    return (
        sa.select(
            *(
                table.id,
                table.name,
                table.club_id,
                Club.code,
                Club.names,
                Club.unit,
                table.joined_from,
                table.joined_to,
            ),
            *(table.inactive_since, table.numbers, table.effect, table.amount, table.rounding, table.last_day),
            *(table.run_on, table.state, table.made_at, table.made_by, Staff.name, table.segment_id, Segment.name),
        )
        .join(Club, Club.id == table.club_id)
        .outerjoin(Staff, Staff.id == table.made_by)
        .outerjoin(Segment, Segment.id == table.segment_id)
    )


def _row(row: Any) -> ProgrammeRow:
    made = list(row)
    made[10], made[12], made[15] = Effect(made[10]), Rounding(made[12]), ProgrammeState(made[15])
    return ProgrammeRow(*made)
