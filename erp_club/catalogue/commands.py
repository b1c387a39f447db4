"""Opening and changing products."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.catalogue import queries
from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.kernel.versions import check_seen
from erp_club.permissions.actors import Actor


@dataclass(frozen=True, slots=True)
class ProductFields:
    """All that is said of a product. A group, department or brand that isn't known yet is opened by its name."""

    sku: str
    name: str
    list_price_minor: int
    vat_bp: int
    group: str | None = None
    department: str | None = None
    brand: str | None = None
    kind: ProductKind = ProductKind.GOODS
    earns_points: bool = True
    levy_minor: int = 0


class ProductChanges(TypedDict, total=False):
    """What to change of a product; what isn't there stays as it is. The SKU stays for ever."""

    name: str
    list_price_minor: int
    vat_bp: int
    group: str | None
    department: str | None
    brand: str | None
    kind: ProductKind
    earns_points: bool
    levy_minor: int


def add_product(session: Session, fields: ProductFields, *, now: dt.datetime, by: Actor) -> int:
    """Open a product and give its id. Raises Conflict `sku-taken`, Invalid where it earns points and mayn't."""
    _check_earning(fields.kind, earns_points=fields.earns_points)
    inserted = (
        insert(Product)
        .values(sku=fields.sku, stub=False, **_columns(session, asdict(fields)))
        .on_conflict_do_nothing(index_elements=[Product.sku])
        .returning(Product.id)
    )
    product_id = session.scalar(inserted)
    if product_id is None:
        raise Conflict(
            T("There is a product with the code %(code)s already.", code=fields.sku), field="sku", code="sku-taken"
        )
    audit.record(
        session, by=by, now=now, action="product.add", entity="product", entity_id=product_id, after=asdict(fields)
    )
    return product_id


def edit_product(
    session: Session, product_id: int, changes: ProductChanges, *, seen: str | None = None, now: dt.datetime, by: Actor
) -> None:
    """Change a product; from then on it counts as described. Receipts keep what they were sold at.

    Raises NotFound, Invalid where it would earn points and mayn't, Conflict `stale` where the version that was `seen`
    is another one than it has now.
    """
    product = session.get(Product, product_id, with_for_update=True)
    if product is None:
        raise NotFound(T("There is no such product."), code="product-unknown")
    check_seen(seen, queries.product(session, product_id).version)
    before = _described(session, product)
    after: dict[str, Any] = {**before, **changes}
    _check_earning(after["kind"], earns_points=after["earns_points"])
    for column, value in _columns(session, after).items():
        setattr(product, column, value)
    product.stub = False
    session.flush()
    changed = [name for name in changes if after[name] != before[name]]
    if changed:
        audit.record(
            session, by=by, now=now, action="product.edit", entity="product", entity_id=product_id,
            before={name: before[name] for name in changed}, after={name: after[name] for name in changed},
        )  # fmt: skip


def _check_earning(kind: ProductKind, *, earns_points: bool) -> None:
    if earns_points and kind is not ProductKind.GOODS:
        text = T("Only goods earn points: delivery, gift cards and deposits just pass money on.")
        raise Invalid([FieldError("earns_points", text)])


def _columns(session: Session, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": fields["name"],
        "list_price_minor": fields["list_price_minor"],
        "vat_bp": fields["vat_bp"],
        "group_id": _named(session, ProductGroup, fields["group"]),
        "department_id": _named(session, Department, fields["department"]),
        "brand_id": _named(session, Brand, fields["brand"]),
        "kind": fields["kind"],
        "earns_points": fields["earns_points"],
        "levy_minor": fields["levy_minor"],
    }


def _described(session: Session, product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "list_price_minor": product.list_price_minor,
        "vat_bp": product.vat_bp,
        "group": _name(session, ProductGroup, product.group_id),
        "department": _name(session, Department, product.department_id),
        "brand": _name(session, Brand, product.brand_id),
        "kind": ProductKind(product.kind),
        "earns_points": product.earns_points,
        "levy_minor": product.levy_minor,
    }


def _name(session: Session, table: type[ProductGroup | Department | Brand], row_id: int | None) -> str | None:
    return None if row_id is None else session.scalar(sa.select(table.name).where(table.id == row_id))


def _named(session: Session, table: type[ProductGroup | Department | Brand], name: str | None) -> int | None:
    """The id behind a name, which is opened where there is none; two at once open it once."""
    if not name:
        return None
    known = sa.select(table.id).where(table.name == name)
    found = session.scalar(known)
    if found is None:
        session.execute(insert(table).values(name=name).on_conflict_do_nothing())
        found = session.scalar(known)
    return found
