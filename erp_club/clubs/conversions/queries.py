"""Where points of a club go that become points of another one, and what was converted."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.sets.commands import Key


@dataclass(frozen=True, slots=True)
class Target:
    """An account of the other club, and since when its member's years count."""

    club_id: int
    key: Key
    joined_on: dt.date


@dataclass(frozen=True, slots=True)
class ConversionRow:
    """What points of an account became once; `became` are points, or minor units with `is_money`."""

    customer_id: int
    id: int
    account_id: int
    points: int
    seq: int | None
    became: int
    is_money: bool
    to: Key | None
    to_seq: int | None
    owed: int
    owes: int
    card_id: int | None


_TARGETS = sa.text("""
    SELECT DISTINCT ON (w.holder, w.account) w.holder, w.account, m.club_id, m.points_holder_id, m.points_account_id,
           m.joined_on
      FROM unnest(CAST(:holders AS bigint[]), CAST(:accounts AS bigint[])) AS w(holder, account)
      JOIN memberships m ON m.customer_id = w.holder AND m.state <> 'ended'
      JOIN clubs c ON c.id = m.club_id AND c.code = :code AND c.state <> 'draft'
      JOIN points_accounts a ON a.customer_id = m.points_holder_id AND a.id = m.points_account_id AND a.state = 'open'
     WHERE EXISTS (SELECT FROM membership_periods p
                    WHERE p.customer_id = m.customer_id AND p.membership_id = m.id AND p.validity @> CAST(:on AS date))
     ORDER BY w.holder, w.account, m.id
""")
_ROWS = """
    SELECT customer_id, id, account_id, points, seq, became, to_points IS NULL, to_holder_id, to_account_id, to_seq,
           owed, owes, card_id
      FROM points_conversions
"""
_OF_RUN = sa.text(f"""
    {_ROWS} WHERE run_id = :run AND undone_at IS NULL AND (customer_id, id) > (:customer, :id)
     ORDER BY customer_id, id LIMIT :most
""")
_OF_ENDING = sa.text(f"""
    {_ROWS} WHERE account_id = ANY(:accounts) AND cause = 'end' AND at = :at AND undone_at IS NULL ORDER BY id
""")


def targets(session: Session, keys: Sequence[Key], code: str, *, on: dt.date) -> dict[Key, Target]:
    """The accounts of the club with this code that holders of these accounts have on the day."""
    bound = {"holders": [key[0] for key in keys], "accounts": [key[1] for key in keys], "code": code, "on": on}
    return {(row[0], row[1]): Target(row[2], (row[3], row[4]), row[5]) for row in session.execute(_TARGETS, bound)}


def of_run(session: Session, run_id: int, *, after: Key | None, limit: int) -> list[ConversionRow]:
    """The next conversions of a run that stand, by customer and number."""
    customer, number = after or (0, 0)
    bound = {"run": run_id, "customer": customer, "id": number, "most": limit}
    return [_row(row) for row in session.execute(_OF_RUN, bound)]


def of_ending(session: Session, accounts: Sequence[int], at: dt.datetime) -> list[ConversionRow]:
    """What the ending of a membership at this moment converted."""
    return [_row(row) for row in session.execute(_OF_ENDING, {"accounts": list(accounts), "at": at})]


def _row(row: Sequence[Any]) -> ConversionRow:
    customer, number, account, points, seq, became, is_money, holder, to, to_seq, owed, owes, card = row
    key = None if to is None else (holder, to)
    return ConversionRow(customer, number, account, points, seq, became, is_money, key, to_seq, owed, owes, card)
