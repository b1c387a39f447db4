"""Who is in a segment."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.kernel.reading import in_portions
from erp_club.receipts.rollups import queries as rollups
from erp_club.segments.compiler import Facts, holding, members
from erp_club.segments.metrics import Rolled
from erp_club.segments.tree import Condition

MEMORY = "SET LOCAL work_mem = '128MB'"
"""What a sum over a million customers needs to stay in memory. It holds until the transaction ends."""


CLUBS = sa.table("clubs", sa.column("id"), sa.column("code"))
"""By name: clubs stand above segments."""
MANY, PARTS = 50_000, 3
"""From so many customers on, their purchases are summed up in so many parts, which processes may share."""


@dataclass(frozen=True, slots=True)
class Member:
    """A customer in a sample."""

    id: int
    number: str
    given_name: str
    family_name: str


def rolled_up(session: Session) -> Rolled:
    """What the rollups hold."""
    return Rolled(
        rollups.latest_day(session),
        rollups.stale_groups(session),
        rollups.stale_kinds(session),
        rollups.habits_day(session),
        rollups.waits(session),
        _cuts(session),
    )


def _cuts(session: Session) -> tuple[int, ...]:
    """The ids that part the customers into equal parts; none where they are few."""
    last = session.scalar(sa.select(sa.func.max(Customer.id))) or 0
    return () if last < MANY else tuple(last * part // PARTS for part in range(1, PARTS))


def facts(session: Session, as_of: dt.date, *, only: tuple[int, ...] | None = None) -> Facts:
    """What trees are compiled with on this day."""
    return Facts(as_of, rolled=rolled_up(session), only=only, clubs=clubs(session) if only is None else {})


def clubs(session: Session) -> dict[str, int]:
    """The ids of all clubs by their code."""
    return {row.code: row.id for row in session.execute(sa.select(CLUBS.c.id, CLUBS.c.code))}


def count(session: Session, condition: Condition, asked: Facts) -> int:
    """How many customers are in it."""
    session.execute(sa.text(MEMORY))
    found = members(condition, asked).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def numbers(session: Session, condition: Condition, asked: Facts) -> Iterator[str]:
    """The numbers of the customers in it, in order, read in portions."""
    session.execute(sa.text(MEMORY))
    found = members(condition, asked, Customer.number).order_by(sa.collate(Customer.number, "C"))
    return (row.number for row in in_portions(session, found))


def sample(session: Session, condition: Condition, asked: Facts, *, size: int = 10) -> list[Member]:
    """Some customers in it: always the same ones while it stays the same."""
    session.execute(sa.text(MEMORY))
    columns = (Customer.id, Customer.number, Customer.given_name, Customer.family_name)
    found = members(condition, asked, *columns).order_by(sa.func.hashint8(Customer.id), Customer.id).limit(size)
    return [Member(*row) for row in session.execute(found)]


def held_by(session: Session, conditions: Mapping[str, Condition], asked: Facts) -> dict[int, frozenset[str]]:
    """For each customer that `asked` is only for, the names of the conditions that hold."""
    if not conditions:
        return {}
    names = tuple(conditions)
    rows = session.execute(holding(conditions, asked))
    return {row[0]: frozenset(name for name, held in zip(names, row[1:], strict=True) if held) for row in rows}
