"""What the rollups hold."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import ProductGroup
from erp_club.receipts.models import Receipt
from erp_club.receipts.rollups.models import (
    BrandToRoll,
    CustomerHabits,
    DepartmentToRoll,
    GroupToRoll,
    ReceiptToRoll,
)


def first_day(session: Session) -> dt.date:
    """The first day with a receipt; the last of all days without any."""
    return session.scalar(sa.select(sa.func.min(Receipt.sold_on))) or dt.date.max


def latest_day(session: Session) -> dt.date:
    """The last day with a receipt; the first of all days without any."""
    return session.scalar(sa.select(sa.func.max(Receipt.sold_on))) or dt.date.min


def stale_groups(session: Session) -> frozenset[str]:
    """The product groups whose rows are to be made anew, by name."""
    asked = sa.select(ProductGroup.name).join(GroupToRoll, GroupToRoll.group_id == ProductGroup.id)
    return frozenset(session.scalars(asked))


def habits_day(session: Session) -> dt.date | None:
    """The day for which customers' favourites and scores are kept."""
    return session.scalar(sa.select(CustomerHabits.as_of).limit(1))


def waiting(session: Session) -> int:
    """How many receipts wait to be added."""
    return session.scalar(sa.select(sa.func.count()).select_from(ReceiptToRoll)) or 0


def waits(session: Session) -> bool:
    """Whether any receipt waits to be added."""
    return session.scalar(sa.select(sa.exists(sa.select(ReceiptToRoll)))) or False


def stale_kinds(session: Session) -> frozenset[str]:
    """Which of `group`, `department` and `brand` have rows that are to be made anew."""
    tables = {"group": GroupToRoll, "department": DepartmentToRoll, "brand": BrandToRoll}
    found = session.execute(sa.select(*(sa.exists(sa.select(table)) for table in tables.values()))).one()
    return frozenset(name for name, stale in zip(tables, found, strict=True) if stale)
