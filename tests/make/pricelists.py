"""Price lists with a valid default of everything."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.models import Club
from erp_club.organisation.models import Store
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.models import PriceList, PriceListEntry, PriceListStore


def span(first: dt.date | None = None, last: dt.date | None = None) -> Range[dt.date]:
    """From the first to the last day, both included."""
    return Range(first, last and last + dt.timedelta(days=1))


def a_list(
    session: Session,
    code: str = "GOLD-26",
    *,
    club: str | None = "GOLD",
    level: str | None = None,
    segment: str | None = None,
    always: bool = False,
    stores: tuple[str, ...] = (),
    first: dt.date | None = None,
    last: dt.date | None = None,
    state: PriceListState = PriceListState.PUBLISHED,
) -> int:
    """A published list for the members of a club that is there, in every store, for ever."""
    made = PriceList(
        code=code,
        names={"en": f"{code} prices"},
        club_id=session.scalar(sa.select(Club.id).where(Club.code == club)) if club else None,
        level=level,
        segment=segment,
        always=always,
        all_stores=not stores,
        validity=span(first, last),
        state=state,
    )
    session.add(made)
    session.flush()
    ids = session.scalars(sa.select(Store.id).where(Store.code.in_(stores)))
    session.add_all(PriceListStore(price_list_id=made.id, store_id=store_id) for store_id in ids)
    session.flush()
    return made.id


def an_entry(
    session: Session,
    list_id: int,
    *,
    sku: str | None = None,
    group: str | None = None,
    price_minor: int | None = None,
    off_bp: int | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    store: str | None = None,
) -> int:
    """An entry for a product or group that is there, else for everything; a tenth off where nothing is said."""
    if price_minor is None and off_bp is None:
        off_bp = 1000
    made = PriceListEntry(
        price_list_id=list_id,
        product_id=session.scalar(sa.select(Product.id).where(Product.sku == sku)) if sku else None,
        group_id=session.scalar(sa.select(ProductGroup.id).where(ProductGroup.name == group)) if group else None,
        price_minor=price_minor,
        off_bp=off_bp,
        validity=span(first, last),
        store_id=session.scalar(sa.select(Store.id).where(Store.code == store)) if store else None,
    )
    session.add(made)
    session.flush()
    return made.id


def in_group(session: Session, sku: str, group: str) -> None:
    """Put a product that is there into a group, opened where it isn't."""
    group_id = session.scalar(sa.select(ProductGroup.id).where(ProductGroup.name == group))
    if group_id is None:
        made = ProductGroup(name=group)
        session.add(made)
        session.flush()
        group_id = made.id
    session.execute(sa.update(Product).where(Product.sku == sku).values(group_id=group_id))
