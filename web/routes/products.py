"""The catalogue: products listed, opened and changed."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.catalogue import commands, queries
from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Brand, Department, ProductGroup
from erp_club.catalogue.queries import ProductFilters, ProductRow
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.money import to_text
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.purchases.sale import MOST_MINOR
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, Line, Seen, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.taken_out import taken_out
from web.views.pricelists import ProductPrice, product_prices

router = APIRouter(route_class=ActRoute, tags=["products"])
SORTS = ("name", "sku", "group", "department", "brand", "list_price_minor")
Sku = Annotated[str, StringConstraints(pattern=r"^\S+$", min_length=1, max_length=100), Storable]
View = Annotated[Act, needs(Permission.CATALOGUE_VIEW)]
TakingOut = Annotated[Act, needs(Permission.CATALOGUE_VIEW, fresh=True)]
Edit = Annotated[Act, needs(Permission.CATALOGUE_EDIT)]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
Typed = Annotated[AmountText, Field(ge=0, le=MOST_MINOR)]
Bp = Annotated[int, Field(ge=0, le=10_000)]
TypedBp = Annotated[AmountText, Field(ge=0, le=10_000)]


class ProductView(BaseModel):
    """A product. The price is with VAT, which `vat_bp` gives in hundredths of a percent.

    `levy_minor` is charged on each beside the price (a bottle deposit); `stub`: nobody has described it yet.
    """

    id: int
    sku: str
    name: str
    group: str | None
    department: str | None
    brand: str | None
    list_price_minor: int
    vat_bp: int
    kind: ProductKind
    earns_points: bool
    levy_minor: int
    stub: bool
    version: str
    currency: str


class ProductPage(ProductView):
    """A product, and what price lists that aren't closed say of it; none for those who may not see lists."""

    list_prices: list[ProductPrice]


class NamedChoice(BaseModel):
    """A group or department to filter by."""

    id: int
    name: str


class ProductsPage(BaseModel):
    """The products that match."""

    text: str | None
    group: int | None
    department: int | None
    state: lists.ListState
    currency: str
    groups: list[NamedChoice]
    departments: list[NamedChoice]
    products: list[ProductView]


class ProductForm(BaseModel):
    """What the form of a product begins with; `product` is null for a new one. Other names may be given too."""

    product: ProductView | None
    groups: list[str]
    departments: list[str]
    brands: list[str]

    @property
    def price(self) -> str:
        """The price as it is typed."""
        return to_text(self.product.list_price_minor) if self.product else ""

    @property
    def vat(self) -> str:
        """The VAT in percent as it is typed."""
        return to_text(self.product.vat_bp).removesuffix(".00") if self.product else ""

    @property
    def levy(self) -> str:
        """The levy as it is typed."""
        return to_text(self.product.levy_minor) if self.product and self.product.levy_minor else ""


class NewProduct(Body):
    """A product to open.

    A machine sends `list_price_minor` and `vat_bp`; a form sends `list_price` and `vat_percent` as they are typed.
    Groups, departments and brands go by name, and are opened where nobody has used the name yet.
    """

    sku: Sku
    name: Word
    list_price_minor: Minor | None = None
    list_price: Typed | None = None
    vat_bp: Bp | None = None
    vat_percent: TypedBp | None = None
    group: Line | None = None
    department: Line | None = None
    brand: Line | None = None
    kind: ProductKind = ProductKind.GOODS
    earns_points: bool = True
    levy_minor: Minor = 0
    levy: Typed | None = None


class ProductChange(Body):
    """What to change of a product; what isn't there stays as it is, null takes a group, department or brand away."""

    version: Seen | None = None
    name: Word = ""
    list_price_minor: Minor = 0
    list_price: Typed = 0
    vat_bp: Bp = 0
    vat_percent: TypedBp = 0
    group: Line | None = None
    department: Line | None = None
    brand: Line | None = None
    kind: ProductKind = ProductKind.GOODS
    earns_points: bool = True
    levy_minor: Minor = 0
    levy: Typed | None = None


def asked(
    text: Annotated[
        str | None, Query(max_length=100, description="A SKU, or a part of a name"), Storable, Unsaid
    ] = None,
    group: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
    department: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
) -> ProductFilters:
    """The filters in the address."""
    return ProductFilters(text.strip() or None if text else None, group, department)


Asked = Annotated[ProductFilters, Depends(asked)]


@router.get("/products", name="products", response_model=ProductsPage)
def products(act: View, filters: Asked) -> Response:
    """The products by name where the address doesn't say."""
    state = lists.list_state(act.request, sorts=SORTS)
    state = state.counted(queries.count(act.session, filters, most=lists.COUNTED + 1))
    rows = queries.listing(
        act.session,
        filters,
        sort=state.sort,
        descending=state.descending,
        offset=state.offset,
        limit=state.per_page,
    )
    view = ProductsPage(
        text=filters.text,
        group=filters.group_id,
        department=filters.department_id,
        state=state,
        currency=act.chain.currency,
        groups=_choices(act, ProductGroup),
        departments=_choices(act, Department),
        products=[_view(act, row) for row in rows],
    )
    return act.answer(view, "products/_list.html" if act.htmx else "products/list.html")


@router.get("/products.{suffix}", name="products.file", responses=lists.FILE_ANSWERS)
def products_file(act: TakingOut, suffix: Literal["csv", "xlsx"], filters: Asked) -> Response:
    """The same products as a file, with the columns that an import reads."""
    state = lists.list_state(act.request, sorts=SORTS)
    found = queries.every(act.session, filters, sort=state.sort, descending=state.descending)
    return taken_out(act, f"products.{suffix}", _HEADER, _cells(found))


_HEADER = (
    "sku", "name", "group", "department", "brand", "list_price", "vat_percent", "earns_points", "kind"
)  # fmt: skip


def _cells(rows: Iterator[ProductRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        price, vat = (Decimal(value).scaleb(-2) for value in (row.list_price_minor, row.vat_bp))
        yield (
            row.sku, row.name, row.group, row.department, row.brand, price, vat, row.earns_points, row.kind.value
        )  # fmt: skip


def new_product_page(act: Act, form: FormState) -> Response:
    """The form of a new product."""
    return _form(act, None, form)


@router.get("/products/new", name="products.new", response_model=ProductForm)
def new_product(act: Edit) -> Response:
    """The form of a new product."""
    return new_product_page(act, FormState())


@router.post("/products", name="products.add", status_code=201, response_model=ProductView)
@again(new_product_page)
def add_product(act: Edit, body: NewProduct) -> Response:
    """Open a product."""
    fields = commands.ProductFields(
        sku=body.sku,
        name=body.name,
        list_price_minor=_needed(body.list_price_minor, body.list_price, "list_price"),
        vat_bp=_needed(body.vat_bp, body.vat_percent, "vat_percent"),
        group=body.group or None,
        department=body.department or None,
        brand=body.brand or None,
        kind=body.kind,
        earns_points=body.earns_points,
        levy_minor=body.levy_minor if body.levy is None else body.levy,
    )
    product_id = commands.add_product(act.session, fields, now=act.now, by=act.by)
    return act.done(_view(act, queries.product(act.session, product_id)), f"/products/{product_id}")


@router.get("/products/{product_id}", name="products.product", response_model=ProductPage)
def product(act: View, product_id: SmallRowId) -> Response:
    """One product, and which price lists price it."""
    row = queries.product(act.session, product_id)
    shown = act.by.may(Permission.PRICELISTS_VIEW)
    found = product_prices(act, row.id, row.name, row.list_price_minor) if shown else []
    view = ProductPage(**_view(act, row).model_dump(), list_prices=found)
    return act.answer(view, "products/product.html")


def product_form(act: Act, form: FormState) -> Response:
    """The form that changes a product."""
    return _form(act, int(act.request.path_params["product_id"]), form)


@router.get("/products/{product_id}/edit", name="products.product.form", response_model=ProductForm)
def edit_form(act: Edit, product_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form that changes a product."""
    return product_form(act, FormState())


@router.patch("/products/{product_id}", name="products.product.edit", response_model=ProductView)
@again(product_form)
def edit_product(act: Edit, product_id: SmallRowId, body: ProductChange) -> Response:
    """Change a product. Receipts keep what they were sold at."""
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    for typed, kept in (("list_price", "list_price_minor"), ("vat_percent", "vat_bp"), ("levy", "levy_minor")):
        if typed in given:
            given[kept] = given.pop(typed)
    if "levy_minor" in given:
        given["levy_minor"] = given["levy_minor"] or 0
    changes = cast("commands.ProductChanges", {name: None if value == "" else value for name, value in given.items()})
    commands.edit_product(act.session, product_id, changes, seen=body.version, now=act.now, by=act.by)
    return act.done(_view(act, queries.product(act.session, product_id)), f"/products/{product_id}", status=200)


def _form(act: Act, product_id: int | None, form: FormState) -> Response:
    def names(table: type[ProductGroup | Department | Brand]) -> list[str]:
        return [choice.name for choice in queries.choices(act.session, table)]

    view = ProductForm(
        product=None if product_id is None else _view(act, queries.product(act.session, product_id)),
        groups=names(ProductGroup),
        departments=names(Department),
        brands=names(Brand),
    )
    return act.answer(view, "products/_form.html" if act.htmx else "products/form.html", form=form)


def _needed(minor: int | None, typed: int | None, field: str) -> int:
    value = typed if minor is None else minor
    if value is None:
        raise Invalid([FieldError(field, T("This field is required."))])
    return value


def _choices(act: Act, table: type[ProductGroup | Department]) -> list[NamedChoice]:
    return [NamedChoice(id=choice.id, name=choice.name) for choice in queries.choices(act.session, table)]


def _view(act: Act, row: ProductRow) -> ProductView:
    return ProductView(
        id=row.id, sku=row.sku, name=row.name, group=row.group, department=row.department, brand=row.brand,
        list_price_minor=row.list_price_minor, vat_bp=row.vat_bp, kind=row.kind, earns_points=row.earns_points,
        levy_minor=row.levy_minor, stub=row.stub, version=row.version, currency=act.chain.currency,
    )  # fmt: skip
