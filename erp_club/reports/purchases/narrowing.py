"""Which rows a question is about: days, stores, customers, members of a club, those of a segment, and products."""

from typing import Any

import sqlalchemy as sa

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Membership
from erp_club.customers.models import Customer
from erp_club.customers.queries import BECAME, family_of
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.members import covers, holds_on, memberships, one_of, spans
from erp_club.segments.models import SegmentCustomer


def narrowed(asked: Asked, table: Any, held: Any = None) -> list[sa.ColumnElement[bool]]:
    """Days, store, customer, club and segment, of a table that knows whose and when.

    Sums stand under whoever a customer became; a receipt under the one it was sold to, so that it is found by both.
    `held`: of which memberships only.
    """
    where: list[sa.ColumnElement[bool]] = [table.sold_on.between(asked.first, asked.last), *of_whom(asked, table)]
    if asked.club_id is not None and table is Receipt:
        family = _family()
        joined = memberships().join(family, family.c.living == Membership.customer_id)
        member = sa.select(sa.literal(1)).select_from(joined).where(Membership.club_id == asked.club_id)
        held = member.where(family.c.id == table.customer_id, covers(table.sold_on))
        where.append(held.correlate(table).exists())
    elif asked.club_id is not None:
        span = spans(asked, held)
        held = sa.select(sa.literal(1)).where(holds_on(span, table.customer_id, table.sold_on))
        where.append(held.correlate(table).exists())
    return where


def of_whom(asked: Asked, table: Any) -> list[sa.ColumnElement[bool]]:
    """Of those what holds on every day alike: store, customer and segment."""
    where: list[sa.ColumnElement[bool]] = []
    sold_to = table is Receipt
    if asked.store_ids is not None:
        where.append(table.store_id.in_(asked.store_ids))
    if asked.customer_id is not None:
        mine = family_of(asked.customer_id)
        where.append(table.customer_id.in_(mine) if sold_to else table.customer_id == asked.customer_id)
    if asked.among is not None:
        theirs = sa.select(Customer.id).where(
            one_of(Customer.id, asked.among) | one_of(Customer.merged_into, asked.among)
        )
        where.append(table.customer_id.in_(theirs) if sold_to else one_of(table.customer_id, asked.among))
    if asked.segment_id is not None:
        kept = sa.select(SegmentCustomer.customer_id).where(SegmentCustomer.segment_id == asked.segment_id)
        if sold_to:
            family = _family()
            kept = sa.select(family.c.id).where(family.c.living.in_(kept))
        where.append(table.customer_id.in_(kept))
    return where


def _family() -> Any:
    """Every customer, and everyone who became another, with the one they are now."""
    every = sa.select(Customer.id, Customer.id.label("living"))
    return sa.union_all(every, sa.select(BECAME.c.id, BECAME.c.merged_into)).subquery("family")


def of_products(asked: Asked, product_id: Any = ReceiptLine.product_id) -> list[sa.ColumnElement[bool]]:
    """The department, group, brand and product that are named."""
    named = (
        (Product.department_id, asked.department_id),
        (Product.group_id, asked.group_id),
        (Product.brand_id, asked.brand_id),
        (product_id, asked.product_id),
    )
    return [column == value for column, value in named if value is not None]
