"""What pages show of price lists and their prices."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from erp_club.catalogue.models import ProductGroup
from erp_club.catalogue.queries import choices
from erp_club.clubs import queries as clubs
from erp_club.kernel import audit_search
from erp_club.kernel.money import Rounding, round_div, to_text
from erp_club.organisation import queries as organisation
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.office import queries
from erp_club.pricelists.rules import price_of
from web import lists
from web import store_picking as picking
from web.deps import Act
from web.formats import localised
from web.segment_forms.picking import products
from web.views.kept import Change, changes_of
from web.views.segment_choices import SegmentChoice, segment_choices

SHOWN_CHANGES = 20


class ListLine(BaseModel):
    """A price list: for the members of a club, a level (of it, else of any club), or a customer group.

    Days are included, null is open. `always`: its price holds even where another is lower. `stores` is null for all.
    """

    id: int
    code: str
    names: dict[str, str]
    club_id: int | None
    club: str | None
    club_names: dict[str, str] | None
    level: str | None
    segment: str | None
    always: bool
    stores: list[str] | None
    first: dt.date | None
    last: dt.date | None
    state: PriceListState
    version: int
    prices: int


class ClubChoice(BaseModel):
    """A club that a list can be for."""

    id: int
    code: str
    names: dict[str, str]


class StoreChoice(BaseModel):
    """A store in which a list or a price can hold."""

    id: int
    code: str
    name: str


class ListsPage(BaseModel):
    """The price lists that match."""

    text: str | None
    status: PriceListState | None
    club: int | None
    state: lists.ListState
    clubs: list[ClubChoice]
    price_lists: list[ListLine]


class Example(BaseModel):
    """What a price makes of one product: its regular price, the list's, and the share off (below 0: dearer)."""

    product: str
    regular_minor: int
    pays_minor: int
    off_bp: int | None


class PriceLine(BaseModel):
    """A price of a list: of a product, of a group, or (neither) of everything. Days are included, null is open.

    `example` is what it does to the product, or to one of the group; null where no such product has a price.
    """

    id: int
    price_list_id: int
    product_id: int | None
    sku: str | None
    product: str | None
    group: str | None
    price_minor: int | None
    off_bp: int | None
    first: dt.date | None
    last: dt.date | None
    store_id: int | None
    store: str | None
    currency: str
    example: Example | None


class ListChange(BaseModel):
    """A change of the list: who, when, and what."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    changes: list[Change]


class ListPage(BaseModel):
    """A price list with its prices, and what happened to it last. `removed` was just taken out and can be put back."""

    price_list: ListLine
    text: str | None
    on: dt.date | None
    today: dt.date
    state: lists.ListState
    currency: str
    prices: list[PriceLine]
    removed: PriceLine | None
    changes: list[ListChange]
    labels: dict[str, str] = Field(exclude=True)


class ListForm(BaseModel):
    """What a list's form begins with; no list for a new one. `needed` are the languages a name must have.

    `found` are the stores that somebody who searches may mean.
    """

    price_list: ListLine | None
    store_ids: list[int]
    clubs: list[ClubChoice]
    segments: list[SegmentChoice]
    stores: list[StoreChoice]
    found: list[int]
    needed: list[str]


class PriceForm(BaseModel):
    """What a price's form begins with; no price for a new one. `found` are products that may be meant."""

    price_list: ListLine
    price: PriceLine | None
    currency: str
    groups: list[str]
    stores: list[StoreChoice]
    found: list[tuple[str, str]]

    @property
    def typed_price(self) -> str:
        """The price as it is typed."""
        return "" if self.price is None or self.price.price_minor is None else to_text(self.price.price_minor)

    @property
    def typed_percent(self) -> str:
        """The percentage as it is typed."""
        if self.price is None or self.price.off_bp is None:
            return ""
        return to_text(self.price.off_bp).removesuffix(".00")


class ProductPrice(BaseModel):
    """What a price list says of a product: itself, its group, or everything."""

    price_list: ListLine
    price: PriceLine


def list_line(act: Act, list_id: int) -> ListLine:
    """One list. Raises NotFound."""
    return list_lines(act, [queries.price_list(act.session, list_id)])[0]


def list_lines(act: Act, rows: Collection[queries.ListRow]) -> list[ListLine]:
    """Several lists."""
    stores = queries.stores_of(act.session, [row.id for row in rows])
    return [_line(row, [name for _, name in stores.get(row.id, ())]) for row in rows]


def _line(row: queries.ListRow, stores: list[str]) -> ListLine:
    return ListLine(
        id=row.id,
        code=row.code,
        names=dict(row.names),
        club_id=row.club_id,
        club=row.club,
        club_names=None if row.club_names is None else dict(row.club_names),
        level=row.level,
        segment=row.segment,
        always=row.always,
        stores=None if row.all_stores else stores,
        first=row.first,
        last=row.last,
        state=row.state,
        version=row.version,
        prices=row.entries,
    )


def club_choices(act: Act) -> list[ClubChoice]:
    """All clubs, as they are listed."""
    return [ClubChoice(id=club.id, code=club.code, names=dict(club.names)) for club in clubs.clubs(act.session)]


def store_choices(act: Act) -> list[StoreChoice]:
    """All stores by name."""
    return [StoreChoice(id=row.id, code=row.code, name=row.name) for row in organisation.stores(act.session)]


def list_form(act: Act, list_id: int | None, *, typed: str = "") -> ListForm:
    """The form of a list. Raises NotFound."""
    chosen = None if list_id is None else queries.settings(act.session, list_id).stores
    stores = store_choices(act)
    return ListForm(
        price_list=None if list_id is None else list_line(act, list_id),
        store_ids=sorted(chosen or ()),
        clubs=club_choices(act),
        segments=segment_choices(act),
        stores=stores,
        found=[each.id for each in picking.found(stores, typed)[: picking.FOUND]],
        needed=[act.chain.language],
    )


def price_form(act: Act, list_id: int, price_id: int | None, *, typed: str = "") -> PriceForm:
    """The form of a price. Raises NotFound."""
    return PriceForm(
        price_list=list_line(act, list_id),
        price=None if price_id is None else price_line(act, list_id, price_id),
        currency=act.chain.currency,
        groups=[choice.name for choice in choices(act.session, ProductGroup)],
        stores=store_choices(act),
        found=products(act, typed),
    )


def price_line(act: Act, list_id: int, price_id: int) -> PriceLine:
    """One price. Raises NotFound."""
    return price_lines(act, [queries.entry(act.session, list_id, price_id)])[0]


def removed_price(act: Act, list_id: int, price_id: int) -> PriceLine | None:
    """A price that was taken out and can be put back."""
    row = queries.removed_entry(act.session, list_id, price_id)
    return None if row is None else _price(act, row, {})


def price_lines(act: Act, rows: Iterable[queries.EntryRow]) -> list[PriceLine]:
    """Several prices, each with what it does to a product."""
    found = list(rows)
    examples = queries.an_example(act.session, {row.group_id for row in found if row.product_id is None})
    return [_price(act, row, examples) for row in found]


def _price(act: Act, row: queries.EntryRow, examples: Mapping[int | None, tuple[str, int]]) -> PriceLine:
    shown = examples.get(row.group_id) if row.product_id is None else (row.product or "", row.regular_minor or 0)
    return PriceLine(
        id=row.id,
        price_list_id=row.list_id,
        product_id=row.product_id,
        sku=row.sku,
        product=row.product,
        group=row.group,
        price_minor=row.price_minor,
        off_bp=row.off_bp,
        first=row.first,
        last=row.last,
        store_id=row.store_id,
        store=row.store_name,
        currency=act.chain.currency,
        example=None if shown is None else an_example(*shown, price_minor=row.price_minor, off_bp=row.off_bp),
    )


def an_example(product: str, regular_minor: int, *, price_minor: int | None, off_bp: int | None) -> Example:
    """What a price makes of a product."""
    pays = price_of(regular_minor, price_minor=price_minor, off_bp=off_bp)
    return Example(
        product=product,
        regular_minor=regular_minor,
        pays_minor=pays,
        off_bp=round_div((regular_minor - pays) * 10_000, regular_minor, Rounding.HALF_UP) if regular_minor else None,
    )


def list_changes(act: Act, list_id: int) -> list[ListChange]:
    """What happened to the list last, newest first."""
    asked = audit_search.Entries(entity="price_list", entity_id=str(list_id))
    named: dict[str, dict[int, str]] = {
        "club_id": {club.id: localised(club.names) for club in clubs.clubs(act.session)},
        "stores": {store.id: store.name for store in organisation.stores(act.session)},
    }

    def shown(field: str, value: Any) -> Any:
        if field not in named or value is None:
            return value
        names = named[field]
        return [names.get(each, each) for each in value] if isinstance(value, list) else names.get(value, value)

    return [
        ListChange(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            changes=changes_of(
                *(
                    {name: shown(name, value) for name, value in (side or {}).items()}
                    for side in (entry.before, entry.after)
                )
            ),
        )
        for entry in audit_search.entries(act.session, asked, limit=SHOWN_CHANGES)
    ]


def product_prices(act: Act, product_id: int, name: str, regular_minor: int) -> list[ProductPrice]:
    """What lists that aren't closed say of a product."""
    found = queries.entries_of_product(act.session, product_id)
    return [
        ProductPrice(
            price_list=line,
            price=_price(act, row, {}).model_copy(
                update={"example": an_example(name, regular_minor, price_minor=row.price_minor, off_bp=row.off_bp)}
            ),
        )
        for line, (_, row) in zip(list_lines(act, [of for of, _ in found]), found, strict=True)
    ]
