"""What offers did: uses, discount given, and the baskets with them beside those without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, living_of
from erp_club.kernel.errors import NotFound
from erp_club.kernel.money import Rounding, round_div
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.receipts.models import Receipt, ReceiptOffer
from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.sources import receipts


@dataclass(frozen=True, slots=True)
class Result:
    """What an offer did in the period, in all or in a store: `key` is the offer's or the store's id.

    `names` are by language. `uses` and `discount_minor` are as the receipts keep them: less what came back, and of uses
    what was cancelled. `receipts` are the sales on which it was given, returned or not, `baskets_minor` their total,
    `average_minor` theirs, and `without_minor` the average of all other purchases asked about (in the store), before
    returns; None where there are none. `buyers` are known customers.
    """

    key: int
    code: str
    names: Mapping[str, str]
    receipts: int
    uses: int
    discount_minor: int
    points: int
    points_used: int
    buyers: int
    baskets_minor: int
    average_minor: int
    without_minor: int | None


def by_offer(session: Session, asked: Asked) -> list[Result]:
    """Every offer that was given, the one that gave most first."""
    whole = queries.total(session, asked)
    rows = _rows(session, asked, StoredOffer.id, StoredOffer.code, None)
    names = _names(session, [row[0] for row in rows])
    purchased = whole.sales_minor + whole.returned_minor
    return [_result(row, names[row[0]], whole.purchases, purchased) for row in rows]


def offer_names(session: Session, offer_id: int) -> Mapping[str, str]:
    """What an offer is called, by language. Raises NotFound."""
    found = _names(session, [offer_id])
    if not found:
        raise NotFound(T("There is no such offer."), code="offer-unknown")
    return found[offer_id]


def _names(session: Session, offer_ids: Sequence[int]) -> dict[int, Mapping[str, str]]:
    latest = (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == StoredOffer.latest_no)
    rows = session.execute(
        sa.select(StoredOffer.id, OfferVersion.document["names"])
        .join(OfferVersion, latest)
        .where(StoredOffer.id.in_(offer_ids))
    )
    return {row[0]: row[1] for row in rows}


def by_store(session: Session, asked: Asked, offer_id: int) -> list[Result]:
    """One offer in each store where it was given. Raises NotFound."""
    stores, _ = queries.listing(session, replace(asked, by=By.STORE), sort="name", descending=False)
    of_store = {row.key: row.figures for row in stores}
    names = {row.key: {"en": row.name or ""} for row in stores}
    made: list[Result] = []
    for row in _rows(session, asked, Store.id, Store.code, offer_id):
        figures = of_store[row[0]]
        purchased = figures.sales_minor + figures.returned_minor
        made.append(_result(row, names[row[0]], figures.purchases, purchased))
    return made


def _rows(session: Session, asked: Asked, key: Any, code: Any, offer_id: int | None) -> list[Any]:
    sums = (ReceiptOffer.times, ReceiptOffer.amount_minor, ReceiptOffer.points, ReceiptOffer.points_used)
    given = sa.func.sum(ReceiptOffer.amount_minor)
    sold = ReceiptOffer.times > 0
    statement = (
        sa.select(
            key,
            code,
            sa.func.count().filter(sold),
            *(sa.cast(sa.func.sum(column), sa.BigInteger) for column in sums),
            sa.func.count(sa.distinct(living_of(Receipt.customer_id))).filter(
                Receipt.customer_id != UNIDENTIFIED, sold
            ),
            sa.func.coalesce(sa.cast(sa.func.sum(Receipt.total_minor).filter(sold), sa.BigInteger), 0),
        )
        .select_from(
            sa.join(
                ReceiptOffer,
                Receipt,
                (Receipt.customer_id == ReceiptOffer.customer_id) & (Receipt.id == ReceiptOffer.receipt_id),
            )
            .join(StoredOffer, StoredOffer.id == ReceiptOffer.offer_id)
            .join(Store, Store.id == Receipt.store_id)
            .outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
        )
        .where(*receipts(asked))
        .group_by(key, code)
        .order_by(given.desc(), key)
    )
    if offer_id is not None:
        statement = statement.where(ReceiptOffer.offer_id == offer_id)
    return list(session.execute(statement).all())


def _result(row: Any, names: Mapping[str, str], purchases: int, purchased_minor: int) -> Result:
    key, code, count, times, amount, points, used, buyers, baskets = row
    others = purchases - count
    return Result(
        key, code, names, count, times, amount, points, used, buyers, baskets,
        average_minor=round_div(baskets, count, Rounding.HALF_UP) if count else 0,
        without_minor=round_div(purchased_minor - baskets, others, Rounding.HALF_UP) if others > 0 else None,
    )  # fmt: skip
