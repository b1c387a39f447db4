"""What the things are called by which a report is narrowed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.models import Club
from erp_club.customers.models import Customer
from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.segments.models import Segment

_NAMES: dict[str, tuple[Any, Any]] = {
    "store": (Store, Store.name),
    "club": (Club, Club.names),
    "segment": (Segment, Segment.name),
    "customer": (Customer, sa.func.concat_ws(" ", Customer.given_name, Customer.family_name)),
    "cashier": (Staff, Staff.name),
    "department": (Department, Department.name),
    "group": (ProductGroup, ProductGroup.name),
    "brand": (Brand, Brand.name),
    "product": (Product, Product.name),
}


def name_of(session: Session, kind: str, row_id: int) -> str | dict[str, str]:
    """What a store, a product or whatever `kind` says is called; by language for a club. Raises NotFound."""
    table, name = _NAMES[kind]
    found = session.scalar(sa.select(name).where(table.id == row_id))
    if found is None:
        raise NotFound(T("There is nothing of that number to filter by."), code="filter-unknown")
    return found


def product_id(session: Session, sku: str) -> int | None:
    """The product with this code."""
    return session.scalar(sa.select(Product.id).where(Product.sku == sku))


def names_of(session: Session, kind: str, ids: Sequence[int]) -> dict[int, str]:
    """What several of a kind are called whose names are texts."""
    table, name = _NAMES[kind]
    return {row[0]: row[1] for row in session.execute(sa.select(table.id, name).where(table.id.in_(ids)))}
