"""Kinds of cards as head office sees them, with what is out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.stored_value import errors
from erp_club.stored_value.kinds import CardKind, CardState, ProductState, VatAt
from erp_club.stored_value.models import CardArticle, CardProduct, ValueCard
from erp_club.stored_value.products.settings import ProductSettings


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A kind of card as it is set, how many cards of it have been sold or given, and what lies on them."""

    id: int
    code: str
    names: Mapping[str, str]
    kind: CardKind
    currency: str
    valid_months: int | None
    vat_at: VatAt
    has_pin: bool
    amounts_minor: tuple[int, ...]
    least_minor: int
    most_minor: int
    state: ProductState
    version: int
    articles: tuple[str, ...]
    cards: int
    balance_minor: int


def products(session: Session) -> list[ProductRow]:
    """All kinds, those that are sold first, by code."""
    order = (CardProduct.state, CardProduct.code)
    return [_product(row) for row in session.execute(_products().order_by(*order))]


def product(session: Session, product_id: int) -> ProductRow:
    """One kind. Raises NotFound."""
    row = session.execute(_products().where(CardProduct.id == product_id)).one_or_none()
    if row is None:
        raise errors.no_product()
    return _product(row)


def product_by_code(session: Session, code: str) -> ProductRow:
    """The kind of this code. Raises NotFound."""
    row = session.execute(_products().where(CardProduct.code == code)).one_or_none()
    if row is None:
        raise errors.no_product()
    return _product(row)


def imported_into(session: Session, kind: CardKind) -> int | None:
    """To which kind of card those of a file belong: the oldest of prepaid or gift cards; None where there is none."""
    oldest = sa.select(CardProduct.id).where(CardProduct.kind == kind).order_by(CardProduct.id).limit(1)
    return session.scalar(oldest)


def settings(session: Session, product_id: int) -> ProductSettings:
    """The kind as it is set. Raises NotFound."""
    row = product(session, product_id)
    return ProductSettings(
        code=row.code,
        names=row.names,
        kind=row.kind,
        valid_months=row.valid_months,
        vat_at=row.vat_at,
        has_pin=row.has_pin,
        amounts_minor=row.amounts_minor,
        least_minor=row.least_minor,
        most_minor=row.most_minor,
        articles=row.articles,
    )


def _products() -> sa.Select[*tuple[Any, ...]]:
    of_product = ValueCard.product_id == CardProduct.id
    out = (
        sa.select(
            sa.func.count().label("cards"),
            sa.cast(sa.func.coalesce(sa.func.sum(ValueCard.balance_minor), 0), sa.BigInteger).label("balance"),
        )
        .where(of_product, ValueCard.state != CardState.NEW)
        .correlate(CardProduct)
        .lateral("out")
    )
    articles = (
        sa.select(sa.func.array_agg(Product.sku, type_=ARRAY(sa.Text)))
        .join(CardArticle, CardArticle.article_id == Product.id)
        .where(CardArticle.product_id == CardProduct.id)
        .correlate(CardProduct)
        .scalar_subquery()
    )
    return sa.select(
        CardProduct.id,
        CardProduct.code,
        CardProduct.names,
        CardProduct.kind,
        CardProduct.currency,
        CardProduct.valid_months,
        CardProduct.vat_at,
        CardProduct.has_pin,
        CardProduct.amounts_minor,
        CardProduct.least_minor,
        CardProduct.most_minor,
        CardProduct.state,
        CardProduct.version,
        articles.label("articles"),
        out.c.cards,
        out.c.balance,
    ).join(out, sa.true())


def _product(row: Any) -> ProductRow:
    return replace(
        ProductRow(*row),
        kind=CardKind(row.kind),
        vat_at=VatAt(row.vat_at),
        state=ProductState(row.state),
        amounts_minor=tuple(row.amounts_minor),
        articles=tuple(sorted(row.articles or ())),
    )
