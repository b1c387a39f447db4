"""Takes a conversion back: what points became goes, and they are there again, in the lots that they were in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.conversions.queries import ConversionRow
from erp_club.points.commands import give_back_points, take_back_points
from erp_club.points.conversions.commands import convert_debt, latest
from erp_club.points.conversions.models import PointsConversion
from erp_club.points.ledger.commands import Account, Cause, hold_account, lots_of_movement
from erp_club.points.rules import ReturnPolicy
from erp_club.points.sets.commands import Key
from erp_club.stored_value import commands as cards
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.queries import key_by_id

UNDONE = "Undone"
"""What cards' movements give as their reason."""


@dataclass(frozen=True, slots=True)
class Back:
    """How many conversions were taken back with how many points, and which were left since they were used."""

    accounts: int
    points: int
    left: Sequence[int]


def take_back(session: Session, rows: Sequence[ConversionRow], cause: Cause) -> Back:
    """Take these back, each whole or not at all: what was used of it stays as it is."""
    left: list[int] = []
    points = 0
    for row in rows:
        if not _taken_back(session, row, replace(cause, customer_id=row.customer_id)):
            left.append(row.customer_id)
            continue
        points += row.points
        session.execute(
            sa.update(PointsConversion)
            .where(PointsConversion.customer_id == row.customer_id, PointsConversion.id == row.id)
            .values(undone_at=cause.now)
        )
    return Back(len(rows) - len(left), points, left)


def _taken_back(session: Session, row: ConversionRow, cause: Cause) -> bool:
    own: Key = (row.customer_id, row.account_id)
    account = Account(row.account_id, row.customer_id)
    keys: list[Key] = sorted({own} if row.to is None else {own, row.to})
    held = {key: hold_account(session, Account(key[1], key[0])) for key in keys}
    if any(each.account != Account(key[1], key[0]) for key, each in held.items()):
        return False  # one of them was merged away since
    if held[own].debt < row.owes:
        return False
    if row.card_id is not None and not _called_in(session, row, cause):
        return False
    if row.to is not None and row.to_seq is not None:
        there = Account(row.to[1], row.to[0])
        if row.to == own and latest(session, [own])[own] != row.to_seq:
            return False
        its = lots_of_movement(session, held[row.to], there, row.to_seq)
        if sum(lot.remaining for lot in held[row.to].lots if lot.id in its) < row.became:
            return False
        take_back_points(session, there, row.became, of=row.to_seq, cause=cause)
    if row.seq is not None and row.points:
        give_back_points(session, account, row.points, of=row.seq, policy=ReturnPolicy(), cause=cause)
    convert_debt(session, own, row.owes, row.owed, cause)
    return True


def _called_in(session: Session, row: ConversionRow, cause: Cause) -> bool:
    """Call the card in, unless anything was paid with it, or it was changed."""
    assert row.card_id is not None
    key = key_by_id(session, row.card_id)
    card = cards.hold(session, [key])[key]
    if card.state is not CardState.ACTIVE or card.balance_minor != row.became:
        return False
    cards.call_in(session, card, cause=cards.Cause(cause.now, cause.on, cause.by, reason=UNDONE))
    return True
