"""What head office does with kinds of cards: setting them up, changing them, selling no more of them."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product
from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.kernel.versions import stale
from erp_club.permissions.actors import Actor
from erp_club.stored_value import errors
from erp_club.stored_value.kinds import ProductState, VatAt
from erp_club.stored_value.models import CardArticle, CardProduct, ValueCard
from erp_club.stored_value.products.queries import settings
from erp_club.stored_value.products.settings import FIXED, ProductSettings, changed, faults

_trace = functools.partial(audit.trace, "card_product")


@dataclasses.dataclass(frozen=True, slots=True)
class Chain:
    """What a kind of card needs to know of the chain."""

    currency: str
    country: str
    language: str


def create_product(session: Session, wanted: ProductSettings, *, chain: Chain, now: dt.datetime, by: Actor) -> int:
    """Set up a kind of card, which can be sold at once, and give its id.

    Raises Invalid with a fault for each field, Conflict `code-taken`.
    """
    articles = _check(session, wanted, chain, product_id=None)
    product_id = session.scalar(
        insert(CardProduct)
        .values(_columns(wanted) | {"currency": chain.currency, "created_at": now})
        .on_conflict_do_nothing(index_elements=[CardProduct.code])
        .returning(CardProduct.id)
    )
    if product_id is None:
        raise errors.code_taken()
    _set_articles(session, product_id, articles)
    _trace(session, product_id, "create", None, dataclasses.asdict(wanted), now=now, by=by)
    return product_id


def change_product(
    session: Session,
    product_id: int,
    wanted: ProductSettings,
    *,
    version: int,
    chain: Chain,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Give the kind as it stood at `version` these settings; the audit keeps what changed.

    Validity and amounts hold for what is sold and loaded from now on. Raises NotFound, Conflict `stale`, `code-taken`
    or `card-product-fixed` (cards are out), Invalid.
    """
    product = _held(session, product_id)
    if product.version != version:
        raise stale()
    old = settings(session, product_id)
    after = changed(old, wanted)
    out = session.scalar(sa.select(sa.exists().where(ValueCard.product_id == product_id)))
    for field in FIXED:
        if field in after and out:
            raise errors.fixed(field)
    articles = _check(session, wanted, chain, product_id=product_id)
    if not after:
        return
    taken = sa.select(CardProduct.id).where(CardProduct.code == wanted.code, CardProduct.id != product_id)
    if session.scalar(taken) is not None:
        raise errors.code_taken()
    for name, value in _columns(wanted).items():
        setattr(product, name, value)
    product.version = version + 1
    session.flush()
    _set_articles(session, product_id, articles)
    before = {name: value for name, value in dataclasses.asdict(old).items() if name in after}
    _trace(session, product_id, "change", before, after, now=now, by=by)


def set_product_state(session: Session, product_id: int, state: ProductState, *, now: dt.datetime, by: Actor) -> None:
    """Sell no more of a kind, or sell it again. Raises NotFound, Conflict `state-already`."""
    product = _held(session, product_id)
    before = ProductState(product.state)
    if before is state:
        raise errors.state_already()
    product.state = state
    product.version += 1
    session.flush()
    verb = "open" if state is ProductState.ACTIVE else "close"
    _trace(session, product_id, verb, {"state": before}, {"state": state}, now=now, by=by)


def _columns(wanted: ProductSettings) -> dict[str, object]:
    values: dict[str, object] = dataclasses.asdict(wanted)
    del values["articles"]
    return values | {"amounts_minor": sorted(set(wanted.amounts_minor))}


def _check(session: Session, wanted: ProductSettings, chain: Chain, *, product_id: int | None) -> Mapping[str, int]:
    """The articles' ids by SKU. Raises Invalid."""
    found = faults(wanted, language=chain.language, country=chain.country)
    rows = session.execute(
        sa.select(Product.sku, Product.id, Product.kind, Product.vat_bp, CardArticle.product_id)
        .outerjoin(CardArticle, CardArticle.article_id == Product.id)
        .where(Product.sku.in_(wanted.articles))
    ).all()
    articles = {row.sku: row.id for row in rows}
    for sku in wanted.articles:
        if sku not in articles:
            found.append(FieldError("articles", T("No product has the code %(code)s.", code=sku)))
    for row in rows:
        if row.kind != ProductKind.GIFT_CARD:
            text = T(
                "The article %(sku)s isn't of the kind gift card. Change that in the catalogue first.", sku=row.sku
            )
            found.append(FieldError("articles", text))
        elif wanted.vat_at is VatAt.USE and row.vat_bp:
            text = T("VAT is due when the card pays, so the article %(sku)s has none. Set its VAT to 0.", sku=row.sku)
            found.append(FieldError("articles", text))
        elif row.product_id not in {None, product_id}:
            text = T("The article %(sku)s sells another kind of card.", sku=row.sku)
            found.append(FieldError("articles", text))
    if found:
        raise Invalid(found)
    return articles


def _set_articles(session: Session, product_id: int, articles: Mapping[str, int]) -> None:
    kept = list(articles.values())
    session.execute(
        sa.delete(CardArticle).where(CardArticle.product_id == product_id, CardArticle.article_id.not_in(kept))
    )
    if not kept:
        return
    session.execute(
        insert(CardArticle)
        .values([{"article_id": each, "product_id": product_id} for each in sorted(kept)])
        .on_conflict_do_nothing()
    )


def _held(session: Session, product_id: int) -> CardProduct:
    product = session.get(CardProduct, product_id, with_for_update={"key_share": True}, populate_existing=True)
    if product is None:
        raise errors.no_product()
    return product
