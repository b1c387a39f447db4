"""Price lists and their prices as head office sees them."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.models import Club
from erp_club.kernel.reading import in_portions
from erp_club.organisation.models import Store
from erp_club.pricelists import errors
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.models import PriceList, PriceListEntry, PriceListStore, RemovedPrice
from erp_club.pricelists.queries import holds_on
from erp_club.pricelists.settings import EntryFields, PriceListSettings


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list as it is shown: whom it is for, where and when, and how many prices it has. Days are included, or None."""

    id: int
    code: str
    names: Mapping[str, str]
    club_id: int | None
    club: str | None
    club_names: Mapping[str, str] | None
    level: str | None
    segment: str | None
    always: bool
    all_stores: bool
    first: dt.date | None
    last: dt.date | None
    state: PriceListState
    version: int
    entries: int


@dataclass(frozen=True, slots=True)
class ListFilters:
    """Which lists: a part of the code or of a name, a state, a club; None means any."""

    text: str | None = None
    state: PriceListState | None = None
    club_id: int | None = None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A price of a list. `regular_minor` is what the product costs without it; None for a group or everything."""

    id: int
    list_id: int
    product_id: int | None
    sku: str | None
    product: str | None
    group_id: int | None
    group: str | None
    regular_minor: int | None
    price_minor: int | None
    off_bp: int | None
    first: dt.date | None
    last: dt.date | None
    store_id: int | None
    store: str | None
    store_name: str | None


@dataclass(frozen=True, slots=True)
class EntryFilters:
    """Which prices of a list: a SKU from its beginning or a part of a product's or group's name; those of one day."""

    list_id: int
    text: str | None = None
    on: dt.date | None = None


def count_lists(session: Session, filters: ListFilters) -> int:
    """How many lists match."""
    return session.scalar(sa.select(sa.func.count()).select_from(PriceList).where(*_having(filters))) or 0


def find_lists(
    session: Session,
    filters: ListFilters,
    *,
    sort: str,
    descending: bool,
    limit: int | None = None,
    offset: int = 0,
) -> list[ListRow]:
    """The lists that `count_lists` counts, sorted by one of `LIST_SORTS`; equals by code."""
    column = _LIST_SORTS[sort]
    order = column.desc().nulls_last() if descending else column.asc().nulls_last()
    query = _LISTS.where(*_having(filters)).order_by(order, PriceList.code).limit(limit).offset(offset)
    return [_list_row(row) for row in session.execute(query)]


def price_list(session: Session, list_id: int) -> ListRow:
    """One list. Raises NotFound."""
    row = session.execute(_LISTS.where(PriceList.id == list_id)).one_or_none()
    if row is None:
        raise errors.no_list()
    return _list_row(row)


def stores_of(session: Session, list_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """By list, the ids and names of its stores, by name. Lists that hold in all stores have no entry."""
    query = sa.select(PriceListStore.price_list_id, Store.id, Store.name).join(Store)
    rows = session.execute(query.where(PriceListStore.price_list_id.in_(list_ids)).order_by(Store.name, Store.id))
    found: dict[int, list[tuple[int, str]]] = {}
    for list_id, store_id, name in rows:
        found.setdefault(list_id, []).append((store_id, name))
    return found


def settings(session: Session, list_id: int) -> PriceListSettings:
    """A list as it is set. Raises NotFound."""
    row = price_list(session, list_id)
    return PriceListSettings(
        code=row.code,
        names=row.names,
        club_id=row.club_id,
        level=row.level,
        segment=row.segment,
        always=row.always,
        stores=None if row.all_stores else frozenset(dict(stores_of(session, [list_id]).get(list_id, ()))),
        first=row.first,
        last=row.last,
    )


def count_entries(session: Session, filters: EntryFilters, *, most: int) -> int:
    """How many prices match, counted no further than `most`."""
    found = _ENTRIES.with_only_columns(PriceListEntry.id).where(*_being(filters)).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def find_entries(
    session: Session,
    filters: EntryFilters,
    *,
    sort: str,
    descending: bool,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[EntryRow]:
    """The prices that match, sorted by one of `ENTRY_SORTS`; what is said of groups and everything comes first."""
    column = _ENTRY_SORTS[sort]
    order = column.desc().nulls_last() if descending else column.asc().nulls_first()
    query = _ENTRIES.where(*_being(filters)).order_by(order, Product.sku, PriceListEntry.id)
    for row in in_portions(session, query.limit(limit).offset(offset)):
        yield EntryRow(*row)


def entry(session: Session, list_id: int, entry_id: int) -> EntryRow:
    """One price of a list. Raises NotFound."""
    query = _ENTRIES.where(PriceListEntry.price_list_id == list_id, PriceListEntry.id == entry_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise errors.no_entry()
    return EntryRow(*row)


def is_there(session: Session, list_id: int, entry_id: int) -> bool:
    """Whether the list has this price."""
    query = sa.select(PriceListEntry.id).where(PriceListEntry.price_list_id == list_id, PriceListEntry.id == entry_id)
    return session.scalar(query) is not None


def removed_entry(session: Session, list_id: int, entry_id: int) -> EntryRow | None:
    """A price that was taken out of the list and can be put back, as it was."""
    query = _REMOVED.where(RemovedPrice.price_list_id == list_id, RemovedPrice.entry_id == entry_id)
    row = session.execute(query).one_or_none()
    return None if row is None else EntryRow(*row)


def entry_fields(session: Session, list_id: int, entry_id: int) -> EntryFields:
    """One price of a list as it is set. Raises NotFound."""
    row = session.execute(
        sa.select(
            PriceListEntry.product_id,
            PriceListEntry.group_id,
            PriceListEntry.price_minor,
            PriceListEntry.off_bp,
            PriceListEntry.store_id,
            *_days_of(PriceListEntry.validity),
        ).where(PriceListEntry.price_list_id == list_id, PriceListEntry.id == entry_id)
    ).one_or_none()
    if row is None:
        raise errors.no_entry()
    *said, first, last = row
    return EntryFields(*said, first=first, last=last)


def entries_of_product(session: Session, product_id: int) -> list[tuple[ListRow, EntryRow]]:
    """What lists that aren't closed say of a product, of its group, and of everything; by the lists' codes."""
    of_product = sa.or_(
        PriceListEntry.product_id == product_id,
        sa.and_(
            PriceListEntry.product_id.is_(None),
            sa.or_(
                PriceListEntry.group_id.is_(None),
                PriceListEntry.group_id
                == sa.select(Product.group_id).where(Product.id == product_id).scalar_subquery(),
            ),
        ),
    )
    found = [EntryRow(*row) for row in session.execute(_ENTRIES.where(of_product).order_by(PriceListEntry.id))]
    wanted = PriceList.id.in_({row.list_id for row in found})
    lists = session.execute(_LISTS.where(wanted, PriceList.state != PriceListState.CLOSED).order_by(PriceList.code))
    return [(row, each) for row in map(_list_row, lists) for each in found if each.list_id == row.id]


def an_example(session: Session, group_ids: Collection[int | None]) -> dict[int | None, tuple[str, int]]:
    """Name and regular price of one product of each of these groups; None stands for any product."""
    priced = sa.select(Product.group_id, Product.name, Product.list_price_minor).where(
        Product.list_price_minor > 0, Product.kind == ProductKind.GOODS
    )
    of_groups = priced.where(Product.group_id.in_({each for each in group_ids if each is not None}))
    rows = session.execute(of_groups.ext(distinct_on(Product.group_id)).order_by(Product.group_id, Product.id))
    found: dict[int | None, tuple[str, int]] = {each: (name, minor) for each, name, minor in rows}
    if None in group_ids:
        for _, name, minor in session.execute(priced.order_by(Product.id).limit(1)):
            found[None] = (name, minor)
    return found


def product_id(session: Session, sku: str) -> int | None:
    """The product behind a SKU."""
    return session.scalar(sa.select(Product.id).where(Product.sku == sku))


def group_id(session: Session, name: str) -> int | None:
    """The group behind a name."""
    return session.scalar(sa.select(ProductGroup.id).where(ProductGroup.name == name))


def _days_of(validity: Any) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """The first and the last day, both included."""
    return sa.func.lower(validity, type_=sa.Date), sa.cast(sa.func.upper(validity, type_=sa.Date) - 1, sa.Date)


_COUNT = (
    sa.select(sa.func.count())
    .where(PriceListEntry.price_list_id == PriceList.id)
    .correlate(PriceList)
    .scalar_subquery()
)
_LISTS = sa.select(
    PriceList.id, PriceList.code, PriceList.names, PriceList.club_id, Club.code, Club.names, PriceList.level,
    PriceList.segment, PriceList.always, PriceList.all_stores, *_days_of(PriceList.validity), PriceList.state,
    PriceList.version, _COUNT,
).outerjoin(Club, Club.id == PriceList.club_id)  # fmt: skip
_LIST_SORTS: dict[str, Any] = {
    "code": PriceList.code,
    "first": sa.func.lower(PriceList.validity),
    "state": sa.case({"published": 0, "draft": 1}, value=PriceList.state, else_=2),
    "entries": _COUNT,
}
LIST_SORTS = tuple(_LIST_SORTS)


def _rows(table: type[PriceListEntry] | type[RemovedPrice], entry_id: Any) -> sa.Select[*tuple[Any, ...]]:
    """The columns of an `EntryRow` each."""
    return (
        sa.select(
            entry_id, table.price_list_id, Product.id, Product.sku, Product.name, ProductGroup.id, ProductGroup.name,
            Product.list_price_minor, table.price_minor, table.off_bp, *_days_of(table.validity),
            Store.id, Store.code, Store.name,
        )
        .select_from(table)
        .outerjoin(Product, Product.id == table.product_id)
        .outerjoin(ProductGroup, ProductGroup.id == table.group_id)
        .outerjoin(Store, Store.id == table.store_id)
    )  # fmt: skip


_ENTRIES = _rows(PriceListEntry, PriceListEntry.id)
_REMOVED = _rows(RemovedPrice, RemovedPrice.entry_id)
_ENTRY_SORTS: dict[str, Any] = {
    "product": Product.name,
    "sku": Product.sku,
    "regular": Product.list_price_minor,
    "price": PriceListEntry.price_minor,
    "first": sa.func.lower(PriceListEntry.validity),
}
ENTRY_SORTS = tuple(_ENTRY_SORTS)


def _list_row(row: Any) -> ListRow:
    return replace(ListRow(*row), state=PriceListState(row.state))


def _having(filters: ListFilters) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if filters.text:
        named = sa.cast(PriceList.names, sa.Text).icontains(filters.text, autoescape=True)
        wanted.append(PriceList.code.icontains(filters.text, autoescape=True) | named)
    if filters.state is not None:
        wanted.append(PriceList.state == filters.state)
    if filters.club_id is not None:
        wanted.append(PriceList.club_id == filters.club_id)
    return wanted


def _being(filters: EntryFilters) -> list[sa.ColumnElement[bool]]:
    wanted = [PriceListEntry.price_list_id == filters.list_id]
    if filters.text:
        wanted.append(
            sa.or_(
                Product.sku.startswith(filters.text, autoescape=True),
                Product.name.icontains(filters.text, autoescape=True),
                ProductGroup.name.icontains(filters.text, autoescape=True),
            )
        )
    if filters.on is not None:
        wanted.extend(holds_on(filters.on))
    return wanted
