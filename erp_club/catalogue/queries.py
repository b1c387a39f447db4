"""Products as lists and one by one, and the names that they are grouped by."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.kernel.errors import NotFound
from erp_club.kernel.reading import in_portions
from erp_club.kernel.text import T
from erp_club.kernel.versions import version_of

Sort = Literal["name", "sku", "group", "department", "brand", "list_price_minor"]


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product with the names it is grouped by. The price includes VAT; `stub`: only named by a sale or a file yet."""

    id: int
    sku: str
    name: str
    group_id: int | None
    group: str | None
    department_id: int | None
    department: str | None
    brand_id: int | None
    brand: str | None
    list_price_minor: int
    vat_bp: int
    kind: ProductKind
    earns_points: bool
    levy_minor: int
    stub: bool

    @property
    def version(self) -> str:
        """A mark of what is said of it; its groupings go by their names, as they are typed."""
        return version_of(
            self.name, self.group, self.department, self.brand, self.list_price_minor, self.vat_bp, self.kind,
            self.earns_points, self.levy_minor,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProductFilters:
    """Which products: `text` is a SKU from its beginning or any part of the name; None means any."""

    text: str | None = None
    group_id: int | None = None
    department_id: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A group, department or brand."""

    id: int
    name: str


def product(session: Session, product_id: int) -> ProductRow:
    """One product. Raises NotFound."""
    row = session.execute(sa.select(*_ROW).select_from(_FROM).where(Product.id == product_id)).one_or_none()
    if row is None:
        raise NotFound(T("There is no such product."), code="product-unknown")
    return _product(row)


def listing(
    session: Session, filters: ProductFilters, *, sort: str, descending: bool, offset: int, limit: int
) -> list[ProductRow]:
    """The products of one page in the order of a `Sort`; equals by SKU."""
    rows = session.execute(_ordered(filters, sort, descending=descending).offset(offset).limit(limit))
    return [_product(row) for row in rows]


def skus_named(session: Session, text: str, *, beginning: bool = False, limit: int) -> list[str]:
    """The SKUs of products with a price whose names hold words that begin with each word of `text`.

    Names that begin as the text does come first, and of equals the shortest; only they where `beginning`.
    """
    words = " & ".join(f"'{word}':*" for word in _WORD.findall(text))
    if not words:
        return []
    name = sa.func.lower(Product.name)
    asked = sa.func.to_tsquery(sa.literal_column("'pg_catalog.simple'::regconfig"), words, type_=TSQUERY)
    begins = name.startswith(text.lower(), autoescape=True)
    statement = (
        sa.select(Product.sku)
        .where(sa.func.product_words(Product.name, type_=TSVECTOR).bool_op("@@")(asked), ~Product.stub)
        .order_by(begins.desc(), sa.func.length(name), name, Product.sku)
        .limit(limit)
    )
    return list(session.scalars(statement.where(begins) if beginning else statement))


def count(session: Session, filters: ProductFilters, *, most: int) -> int:
    """How many products match, counted no further than `most`."""
    found = sa.select(Product.id).where(*_where(filters)).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def every(session: Session, filters: ProductFilters, *, sort: str, descending: bool) -> Iterator[ProductRow]:
    """All that match, read in portions."""
    for row in in_portions(session, _ordered(filters, sort, descending=descending)):
        yield _product(row)


def choices(session: Session, table: type[ProductGroup | Department | Brand]) -> list[Choice]:
    """All groups, departments or brands by name."""
    return [Choice(*row) for row in session.execute(sa.select(table.id, table.name).order_by(table.name))]


_ROW: tuple[Any, ...] = (
    Product.id,
    Product.sku,
    Product.name,
    Product.group_id,
    ProductGroup.name.label("group_name"),
    Product.department_id,
    Department.name.label("department_name"),
    Product.brand_id,
    Brand.name.label("brand_name"),
    Product.list_price_minor,
    Product.vat_bp,
    Product.kind,
    Product.earns_points,
    Product.levy_minor,
    Product.stub,
)
_FROM = (
    sa.outerjoin(Product, ProductGroup, ProductGroup.id == Product.group_id)
    .outerjoin(Department, Department.id == Product.department_id)
    .outerjoin(Brand, Brand.id == Product.brand_id)
)
_WORD = re.compile(r"[^\W_]+")
_SORTS: dict[str, Any] = {
    "name": Product.name,
    "sku": Product.sku,
    "group": ProductGroup.name,
    "department": Department.name,
    "brand": Brand.name,
    "list_price_minor": Product.list_price_minor,
}


def _product(row: Any) -> ProductRow:
    return replace(ProductRow(*row), kind=ProductKind(row.kind))


def _ordered(filters: ProductFilters, sort: str, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    column = _SORTS[sort]
    order = (column.desc().nulls_last() if descending else column.asc().nulls_last(), Product.sku)
    return sa.select(*_ROW).select_from(_FROM).where(*_where(filters)).order_by(*order)


def _where(filters: ProductFilters) -> list[sa.ColumnElement[bool]]:
    asked: tuple[tuple[Any, Callable[[Any], sa.ColumnElement[bool]]], ...] = (
        (
            filters.text,
            lambda text: Product.sku.startswith(text, autoescape=True) | Product.name.icontains(text, autoescape=True),
        ),
        (filters.group_id, lambda group_id: Product.group_id == group_id),
        (filters.department_id, lambda department_id: Product.department_id == department_id),
    )
    return [condition(value) for value, condition in asked if value is not None]
