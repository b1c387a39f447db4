"""Finds out how customers buy, for segments."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.fields import Ask
from erp_club.receipts.rollups.models import CustomerHabits
from erp_club.receipts.segment_fields import FIELDS

_MEMORY = "SET LOCAL work_mem = '128MB'"


def keep_habits(session: Session, today: dt.date) -> None:
    """Keep everybody's favourites and scores for this day, instead of another's.

    They are what the fields say that segments ask for, so that a segment finds the same whether they are kept or not.
    """
    session.execute(sa.text(_MEMORY))
    session.execute(sa.delete(CustomerHabits))
    found = {field.name: field.read(Ask(today)).subquery() for field in FIELDS}
    joined: sa.FromClause = Customer.__table__
    for rows in found.values():
        joined = joined.outerjoin(rows, rows.c.customer_id == Customer.id)
    values = {name: rows.c.value for name, rows in found.items()}
    bought = sa.or_(*(value.is_not(None) for value in values.values()))
    chosen = (
        sa.select(Customer.id, sa.literal(today, sa.Date), *values.values())
        .select_from(joined)
        .where(Customer.id != UNIDENTIFIED, bought)
        .order_by(Customer.id)
    )
    session.execute(sa.insert(CustomerHabits).from_select(["customer_id", "as_of", *values], chosen))
