"""Which list prices hold for a basket, in a till's one query of facts or alone."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.organisation.models import Store
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.models import PriceList, PriceListEntry, PriceListStore
from erp_club.pricelists.rules import Entry, list_prices
from erp_club.promotions.engine.facts import ListPrice


def prices_for(
    session: Session,
    *,
    products: Collection[str],
    clubs: Mapping[str, str | None],
    segments: Collection[str] = (),
    store: str,
    day: dt.date,
) -> tuple[ListPrice, ...]:
    """What the lists say of these products (SKUs) to somebody with these clubs (code to level) and segments.

    `day` is the store's. One query; none for somebody whom no list can be for.
    """
    if not products or not (clubs or segments):
        return ()
    asked = {"skus": list(products), "clubs": list(clubs), "segments": list(segments), "store": store, "day": day}
    rows = session.execute(_PRICES, asked)
    return list_prices((Entry(*row) for row in rows), clubs=clubs, segments=segments)


def entries_in_force(
    products: sa.FromClause, *, store_id: Any, day: Any, clubs: Any = None, segments: Any = None
) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """The rows of a `rules.Entry` each (`Entry(*row)`, or `Entry(**row)` from JSON), to stand in a larger query.

    `products` has the columns `id` and `group_id`. The rest are values or expressions: `clubs` and `segments` arrays of
    text, of codes and names. Only the lists of these clubs (for a level, of whichever club has it) and segments are
    looked at; None asks for those of everybody, so that one query also tells what a member would pay. The rows grow
    with the products and the lists in force, not with how long the lists are.
    """
    lists = _lists_in_force(store_id=store_id, day=day, clubs=clubs, segments=segments)
    groups = sa.select(products.c.group_id).where(products.c.group_id.is_not(None)).distinct().subquery("wanted_groups")
    named = (lists.c.code, lists.c.club, lists.c.level, lists.c.segment, lists.c.always)
    nothing = sa.cast(sa.null(), sa.Text)

    def said(of: sa.ColumnElement[bool], name: str) -> sa.FromClause:
        # OFFSET 0 keeps the planner at one look into the index for each list and product. Left to itself it takes a
        # plan for any basket and any list, and reads through the long ones.
        return (
            sa.select(
                PriceListEntry.price_minor, PriceListEntry.off_bp, PriceListEntry.store_id.is_not(None).label("here")
            )
            .where(
                PriceListEntry.price_list_id == lists.c.id,
                of,
                *holds_on(day),
                sa.or_(PriceListEntry.store_id.is_(None), PriceListEntry.store_id == store_id),
            )
            .offset(sa.literal_column("0"))
            .lateral(name)
        )

    of_product = said(PriceListEntry.product_id == products.c.id, "of_product")
    no_product = PriceListEntry.product_id.is_(None)
    of_group = said(sa.and_(no_product, PriceListEntry.group_id == groups.c.group_id), "of_group")
    of_all = said(sa.and_(no_product, PriceListEntry.group_id.is_(None)), "of_all")
    sku = sa.select(Product.sku).where(Product.id == products.c.id).scalar_subquery()
    group = sa.select(ProductGroup.name).where(ProductGroup.id == groups.c.group_id).scalar_subquery()
    return sa.union_all(
        sa.select(*named, sku.label("sku"), nothing.label("group"), *of_product.c)
        .select_from(lists)
        .join(products, sa.true())
        .join(of_product, sa.true()),
        sa.select(*named, nothing.label("sku"), group.label("group"), *of_group.c)
        .select_from(lists)
        .join(groups, sa.true())
        .join(of_group, sa.true()),
        sa.select(*named, nothing.label("sku"), nothing.label("group"), *of_all.c)
        .select_from(lists)
        .join(of_all, sa.true()),
    )


def _lists_in_force(*, store_id: Any, day: Any, clubs: Any, segments: Any) -> sa.CTE:
    in_stores = sa.select(PriceListStore.store_id).where(
        PriceListStore.price_list_id == PriceList.id, PriceListStore.store_id == store_id
    )
    wanted = [
        PriceList.state == PriceListState.PUBLISHED,
        PriceList.validity.contains(sa.cast(day, sa.Date)),
        sa.or_(PriceList.all_stores, in_stores.exists()),
        # A club that is closed gives its members nothing more.
        sa.or_(PriceList.club_id.is_(None), Club.state == ClubState.PUBLISHED),
    ]
    if clubs is not None or segments is not None:
        of_club = sa.or_(PriceList.club_id.is_(None), Club.code == sa.any_(_texts(clubs)))
        of_segment = PriceList.segment == sa.any_(_texts(segments))
        wanted.append(sa.or_(of_segment, sa.and_(PriceList.segment.is_(None), of_club)))
    return (
        sa.select(
            PriceList.id, PriceList.code, Club.code.label("club"), PriceList.level, PriceList.segment, PriceList.always
        )
        .outerjoin(Club, Club.id == PriceList.club_id)
        .where(*wanted)
        .cte("lists_in_force")
    )


def holds_on(day: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether an entry holds on a day. The operator @> would let the planner read the exclusion constraint's index of
    all days instead."""
    first, after = sa.func.lower(PriceListEntry.validity), sa.func.upper(PriceListEntry.validity)
    today = sa.cast(day, sa.Date)
    return sa.func.coalesce(first <= today, sa.true()), sa.func.coalesce(today < after, sa.true())


def _texts(values: Any) -> sa.ColumnElement[Any]:
    return sa.cast(list[str]() if values is None else values, ARRAY(sa.Text))


_PRICES = entries_in_force(
    sa.select(Product.id, Product.group_id)
    .where(Product.sku == sa.any_(sa.bindparam("skus", type_=ARRAY(sa.Text))))
    .cte("wanted"),
    store_id=sa.select(Store.id).where(Store.code == sa.bindparam("store")).scalar_subquery(),
    day=sa.bindparam("day", type_=sa.Date),
    clubs=sa.bindparam("clubs", type_=ARRAY(sa.Text)),
    segments=sa.bindparam("segments", type_=ARRAY(sa.Text)),
)
"""Made once: building it would cost more than running it."""
