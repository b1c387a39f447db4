"""What is counted of customers beside their own sums: clubs' sums, cohorts and favourites.

It is taken out before their sums change, and put back afterwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.receipts.rollups import buyers
from erp_club.receipts.rollups.sums import ADDED, CLUB_SPANS, NAMES, SPANS, club_days, days_of_kinds


def adding(table: str, *more: str) -> str:
    """Add what comes to the row that is there."""
    return ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in ("receipts", *ADDED, *more))


def slice_days_added(rows: str) -> str:
    """Add what comes to the sums of slices that are kept."""
    return f"""
        INSERT INTO slice_days ({buyers.SLICE_DAY}, {NAMES}, known_minor)
        SELECT {buyers.SLICE_DAY}, {NAMES}, known_minor FROM ({rows}) AS each ORDER BY {buyers.SLICE_DAY}
        ON CONFLICT ({buyers.SLICE_DAY}) DO UPDATE SET {adding("slice_days", "known_minor")}
    """


_COHORTS = {
    by: sa.text(f"""
        INSERT INTO cohort_months (began, month, buyers)
        {buyers.cohorts("customer_days", by=by, where="customer_id = ANY(:ids)")} ORDER BY began, month
        ON CONFLICT (began, month) DO UPDATE SET buyers = cohort_months.buyers + EXCLUDED.buyers
    """)
    for by in (-1, 1)
}
"""So many times in which months some customers bought."""


def favourites_added(rows: str) -> str:
    """Add what comes to whose favourite is what."""
    return f"""
        INSERT INTO favourite_years (year, group_id, customers, sales_minor) {rows} ORDER BY year, group_id
        ON CONFLICT (year, group_id) DO UPDATE
           SET customers = favourite_years.customers + EXCLUDED.customers,
               sales_minor = favourite_years.sales_minor + EXCLUDED.sales_minor
    """


_FAVOURITES = {
    by: sa.text(favourites_added(buyers.favourites("customer_group_years", by=by, where="customer_id = ANY(:ids)")))
    for by in (-1, 1)
}
"""So many times what some customers like best."""
_CLUBS = {
    by: tuple(
        sa.text(statement)
        for statement in (
            slice_days_added(club_days(str, by=by, where="customer_id = ANY(:ids) AND sold_on >= :since")),
            buyers.added(buyers.of_customers(by, buyers.CLUB_SLICES, "sold_on >= :since")),
        )
    )
    for by in (-1, 1)
}
"""So many times what some customers bought as members since a day, added to the sums of their clubs."""
OF_SUMS = tuple(
    sa.text(statement)
    for statement in (
        slice_days_added(days_of_kinds(lambda kind: kind.table)),
        slice_days_added(club_days(str)),
        *(buyers.added(buyers.of_days(part)) for part in buyers.CLUB_SLICES),
        favourites_added(buyers.favourites("customer_group_years")),
    )
)
"""What is made of other sums, once these are there."""


def add(session: Session, given: Mapping[str, Any], by: int) -> None:
    """So many times what is counted of some customers (`ids`) beside their own sums; of clubs `since` a day."""
    if not given["ids"]:
        return
    ids = {"ids": given["ids"]}
    session.execute(_COHORTS[by], ids)
    session.execute(_FAVOURITES[by], ids)
    if session.scalar(sa.text("SELECT EXISTS (SELECT FROM club_spans WHERE customer_id = ANY(:ids))"), ids):
        for statement in _CLUBS[by]:
            session.execute(statement, given)


def span_again(session: Session, members: Sequence[int]) -> None:
    """Take the days of these customers' memberships as they are now."""
    ids = {"ids": list(members)}
    session.execute(sa.text("DELETE FROM club_spans WHERE customer_id = ANY(:ids)"), ids)
    spans = f"SELECT {SPANS.columns} FROM ({CLUB_SPANS}) AS anew WHERE customer_id = ANY(:ids)"
    session.execute(sa.text(f"INSERT INTO club_spans ({SPANS.columns}) {spans}"), ids)
