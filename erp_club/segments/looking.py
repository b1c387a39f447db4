"""Looking at a question before it is saved: a count and a sample, or an estimate where that would take too long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.db import limit_time
from erp_club.segments.compiler import Facts, holding_and_values, members
from erp_club.segments.queries import MEMORY, Member
from erp_club.segments.tree import Condition

SAMPLED = 2_000


@dataclass(frozen=True, slots=True)
class Look:
    """How many customers it is, and ten of them. An estimate where `exact` is false."""

    customers: int
    exact: bool
    sample: list[Member]


def look(session: Session, condition: Condition, facts: Facts, *, milliseconds: int | None) -> Look:
    """Count and sample in one pass; after so many milliseconds an estimate from some customers. None waits."""
    session.execute(sa.text(MEMORY))
    if milliseconds is None:
        return _pass(session, condition, facts)
    before = session.execute(sa.text("SELECT current_setting('statement_timeout')")).scalar_one()
    try:
        with session.begin_nested():
            limit_time(session, milliseconds=milliseconds)
            found = _pass(session, condition, facts)
            session.execute(sa.text("SELECT set_config('statement_timeout', :before, true)"), {"before": before})
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        return estimate(session, condition, facts)
    return found


def _pass(session: Session, condition: Condition, facts: Facts) -> Look:
    columns = (Customer.id, Customer.number, Customer.given_name, Customer.family_name, sa.func.count().over())
    found = members(condition, facts, *columns).order_by(sa.func.hashint8(Customer.id), Customer.id).limit(10)
    rows: Any = session.execute(found).all()
    return Look(rows[0][4] if rows else 0, True, [Member(*row[:4]) for row in rows])


def estimate(session: Session, condition: Condition, facts: Facts) -> Look:
    """What some customers, taken at random, say of all; its sample is of these."""
    total = session.scalar(sa.text("SELECT greatest(reltuples, 1) FROM pg_class WHERE oid = 'customers'::regclass"))
    share = min(100.0, 100.0 * SAMPLED / float(total or 1))
    sampled = sa.tablesample(Customer.__table__, sa.func.system(share), name="sampled")
    ids = tuple(
        session.scalars(
            sa.select(sampled.c.id).where(sampled.c.state == CustomerState.ACTIVE, sampled.c.id != UNIDENTIFIED)
        )
    )
    found = _pass(session, condition, replace(facts, only=ids, sampled=True))
    return replace(found, customers=round(found.customers * 100.0 / share), exact=False)


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a condition holds, and what it compares: null where that isn't one value, or isn't known."""

    holds: bool
    value: Any


def held_by(session: Session, conditions: Sequence[Condition], facts: Facts) -> list[Held] | None:
    """How the one customer that the facts are only for stands to the conditions; None where there is nobody."""
    row: Any = session.execute(holding_and_values(conditions, facts)).one_or_none()
    return (
        None if row is None else [Held(bool(holds), value) for holds, value in zip(row[1::2], row[2::2], strict=True)]
    )
