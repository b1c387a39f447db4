"""What is counted of customers beside their own sums: clubs' sums, cohorts and favourites.

It is taken out before their sums change, and put back afterwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.receipts.rollups import buyers
from erp_club.receipts.rollups.sums import (
    ADDED,
    CLUB_SPANS,
    MONTH_KEY,
    NAMES,
    PRODUCT_DAY,
    PRODUCTS,
    SPANS,
    club_days,
    club_product_days,
    days_of_kinds,
    product_months,
)


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


def products_added(days: str) -> str:
    """Add what comes of products by day to their days and months that are kept: two parts of a WITH."""
    return f"""
        kept_days AS ({_products_added("product_days", PRODUCT_DAY, f"SELECT * FROM {days}")}),
        kept_months AS ({_products_added("product_months", MONTH_KEY, product_months(days))})
    """


def _products_added(table: str, key: str, rows: str) -> str:
    return f"""
        INSERT INTO {table} ({key}, {NAMES}, known_minor)
        SELECT {key}, {NAMES}, known_minor FROM ({rows}) AS each ORDER BY {key}
        ON CONFLICT ({key}) DO UPDATE SET {adding(table, "known_minor")}
    """


def product_buyers_added(rows: str) -> str:
    """Add what comes to the buyers of products that are kept."""
    return f"""
        INSERT INTO product_buyers ({buyers.PRODUCT_KEY}, buyers) {rows} ORDER BY {buyers.PRODUCT_KEY}
        ON CONFLICT ({buyers.PRODUCT_KEY}) DO UPDATE SET buyers = product_buyers.buyers + EXCLUDED.buyers
    """


def _of_products(by: int) -> str:
    since = "month >= date_trunc('month', CAST(:since AS timestamp))"
    return f"""
        WITH theirs AS MATERIALIZED (
            SELECT * FROM {PRODUCTS.table} WHERE customer_id = ANY(:ids)
               AND (CAST(:products AS bigint[]) IS NULL OR product_id = ANY(CAST(:products AS bigint[])))
        ), days AS MATERIALIZED ({club_product_days("theirs", by=by, where="sold_on >= :since")}),
        {products_added("days")}
        {product_buyers_added(buyers.of_products_in_all("theirs", by=by, since=since))}
    """


_PRODUCTS = {by: sa.text(_of_products(by)) for by in (-1, 1)}
"""So many times what some customers bought of products since a month, and as members since a day."""
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
        INSERT INTO favourite_periods ({buyers.FAVOURITE_KEY}, customers, sales_minor)
        {rows} ORDER BY {buyers.FAVOURITE_KEY}
        ON CONFLICT ({buyers.FAVOURITE_KEY}) DO UPDATE
           SET customers = favourite_periods.customers + EXCLUDED.customers,
               sales_minor = favourite_periods.sales_minor + EXCLUDED.sales_minor
    """


def _same(rows: str) -> str:
    return " AND ".join(f"f.{name} = {rows}.{name}" for name in buyers.FAVOURITE_KEY.split(", "))


def favourites_moved() -> str:
    """Move favourites by what comes: parts of a WITH that has `lines` and, `of_` each table of days, what comes to it.

    What nobody likes best any more goes: of stores and of clubs that is most of what a customer has tried once.
    """
    left = f"{_same('moved')} AND f.customers = -moved.customers"
    rows = f"""
        SELECT * FROM moved WHERE NOT EXISTS (SELECT FROM favourite_periods f WHERE {left})"""
    return f"""
        moved AS MATERIALIZED ({buyers.FAVOURITES_MOVED}),
        left_by_all AS (DELETE FROM favourite_periods f USING moved WHERE {left}),
        liked_now AS ({favourites_added(rows)})
    """


_THEIRS = "customer_id = ANY(:ids)"
_FAVOURITES = {
    -1: sa.text(f"""
        WITH was AS MATERIALIZED ({buyers.favourites(str, where=_THEIRS)}),
             gone AS (DELETE FROM favourite_periods f USING was WHERE {_same("was")} AND f.customers = was.customers)
        UPDATE favourite_periods f
           SET customers = f.customers - was.customers, sales_minor = f.sales_minor - was.sales_minor
          FROM was WHERE {_same("was")} AND f.customers <> was.customers
    """),
    1: sa.text(favourites_added(buyers.favourites(str, where=_THEIRS))),
}
"""Taken out, and put back: what some customers like best."""
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
"""So many times what some customers bought since a day, added to the sums of their clubs or to those of no club."""
OF_SUMS = tuple(
    sa.text(statement)
    for statement in (
        slice_days_added(days_of_kinds(lambda kind: kind.table)),
        slice_days_added(club_days(str)),
        _products_added("product_days", PRODUCT_DAY, club_product_days(PRODUCTS.table)),
        _products_added("product_months", MONTH_KEY, product_months("product_days")),
        product_buyers_added(buyers.of_products_in_all(PRODUCTS.table)),
        *(buyers.added(buyers.of_days(part)) for part in buyers.CLUB_SLICES),
        favourites_added(buyers.favourites(str)),
    )
)
"""What is made of other sums, once these are there."""


def add(session: Session, given: Mapping[str, Any], by: int) -> None:
    """So many times what is counted of some customers (`ids`) beside their own sums.

    Of clubs `since` a day, of products since its month; of some `products` only, or of all where it is None.
    """
    if not given["ids"]:
        return
    session.execute(_COHORTS[by], {"ids": given["ids"]})
    session.execute(_PRODUCTS[by], given)
    for statement in _CLUBS[by]:
        session.execute(statement, given)


def favourites(session: Session, customer_ids: Sequence[int], by: int) -> None:
    """So many times what some customers like best, which is taken out before other days are theirs."""
    if customer_ids:
        session.execute(_FAVOURITES[by], {"ids": list(customer_ids)})


def span_again(session: Session, members: Sequence[int]) -> None:
    """Take the days of these customers' memberships as they are now."""
    ids = {"ids": list(members)}
    session.execute(sa.text("DELETE FROM club_spans WHERE customer_id = ANY(:ids)"), ids)
    spans = f"SELECT {SPANS.columns} FROM ({CLUB_SPANS}) AS anew WHERE customer_id = ANY(:ids)"
    session.execute(sa.text(f"INSERT INTO club_spans ({SPANS.columns}) {spans}"), ids)
