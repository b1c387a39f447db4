"""Seals receipts, and all that stands on them, in a chain of keyed hashes, outside of the sale, and proves the chain.

Sums and counters are derived from receipts, and these from nothing: only the chain tells of one that was changed.
"""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from erp_club.kernel.db import Base
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, NotAsSealed, first_break, link
from erp_club.receipts.models import (
    Receipt,
    ReceiptDiscount,
    ReceiptExchange,
    ReceiptLine,
    ReceiptMissedSaving,
    ReceiptOffer,
    ReceiptPayment,
    ReceiptReturn,
    ReceiptReturnLine,
    ReceiptReturnPoints,
    ReceiptSeal,
)

_READ = 10_000
Key = tuple[int, int]
"""Customer and receipt."""
_OWN = "store_id", "terminal_id", "staff_id", "receipt_no", "sold_on", "list_minor", "total_minor", "rounding_minor"
# In this order for ever: a column that comes later isn't in the seals of before. What was typed as a return's reason
# goes with whoever is erased.
_PARTS: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (
        ReceiptLine,
        (
            *("line_no", "product_id", "quantity_milli", "list_minor", "amount_minor", "vat_bp", "regular_minor"),
            *("price_list", "tax_minor", "added"),
        ),
    ),
    (ReceiptPayment, ("payment_no", "means", "amount_minor", "called")),
    (ReceiptOffer, ("offer_id", "version_no", "times", "amount_minor", "points", "points_used", "coupon")),
    (ReceiptDiscount, ("line_no", "offer_id", "amount_minor", "units_milli")),
    (ReceiptMissedSaving, ("club_id", "amount_minor")),
    (ReceiptReturn, ("kind", "original_receipt_id")),
    (ReceiptReturnLine, ("line_no", "original_receipt_id", "original_line_no", "quantity_milli")),
    (
        ReceiptReturnPoints,
        ("holder_id", "account_id", "settled", "given_back", "owed", "paid", "written_off", "deducted_minor"),
    ),
    (ReceiptExchange, ("sold_customer_id", "sold_receipt_id")),
)


def _part(table: type[Base], columns: tuple[str, ...]) -> sa.ScalarSelect[Any]:
    """All rows of a receipt in one table; None where it has none."""
    rows = table.__table__.c
    told = sa.func.jsonb_build_array(*(rows[name] for name in columns))
    return (
        sa.select(sa.func.jsonb_agg(aggregate_order_by(told, told)))
        .where(rows.customer_id == Receipt.customer_id, rows.receipt_id == Receipt.id)
        .correlate(Receipt)
        .scalar_subquery()
    )


_KEY = (Receipt.customer_id, Receipt.id)
_SEALED = (ReceiptSeal.customer_id, ReceiptSeal.receipt_id)
_SAME = sa.and_(*(left == right for left, right in zip(_KEY, _SEALED, strict=True)))
_DIGEST = sa.func.sha256(
    sa.func.convert_to(
        sa.cast(
            sa.func.jsonb_build_array(
                *_KEY,
                *(Receipt.__table__.c[name] for name in _OWN),
                # Written in microseconds, the moment hangs on no session's time zone.
                sa.cast(sa.func.extract("epoch", Receipt.sold_at) * 1_000_000, sa.BigInteger),
                Receipt.source,
                *(_part(table, columns) for table, columns in _PARTS),
            ),
            sa.Text,
        ),
        "UTF8",
    ),
    type_=sa.LargeBinary(),
)


@dataclass(frozen=True, slots=True)
class SealedReceipts:
    """How many receipts a batch has sealed, and the last of them; None where there was nothing left."""

    added: int
    last: Key | None


def seal_receipts(session: Session, *, after: Key | None, now: dt.datetime, limit: int) -> SealedReceipts:
    """Seal up to `limit` receipts that stand behind `after` in the order of their keys. Two at once wait."""
    keyring = keyring_of(session, writes=True)
    session.execute(sa.text("LOCK TABLE receipt_seals IN SHARE ROW EXCLUSIVE MODE"))
    last = session.execute(sa.select(ReceiptSeal.n, ReceiptSeal.hash).order_by(ReceiptSeal.n.desc()).limit(1)).first()
    n, end = (last[0], last[1]) if last else (0, BEGINNING)
    waiting = (
        sa.select(*_KEY)
        .outerjoin(ReceiptSeal, _SAME)
        .where(ReceiptSeal.n.is_(None), sa.tuple_(*_KEY) > sa.tuple_(*(after or (-1, -1))))
        .order_by(*_KEY)
        .limit(limit)
        .subquery()
    )
    # Digests are made of those only, once they are found.
    these = sa.select(*_KEY, _DIGEST).join(waiting, sa.tuple_(*_KEY) == sa.tuple_(*waiting.c)).order_by(*_KEY)
    rows: list[dict[str, object]] = []
    for customer_id, receipt_id, digest in session.execute(these):
        n += 1
        end = _link(keyring, end, n, f"{customer_id}/{receipt_id}", digest)
        rows.append({"n": n, "customer_id": customer_id, "receipt_id": receipt_id, "hash": end, "at": now})
        after = customer_id, receipt_id
    if rows:
        session.execute(sa.insert(ReceiptSeal), rows)
    return SealedReceipts(len(rows), after if rows else None)


def unsealed_receipts(session: Session) -> int:
    """How many receipts wait for their seal."""
    sealed = sa.exists().where(_SAME)
    return session.scalar(sa.select(sa.func.count()).select_from(Receipt).where(~sealed)) or 0


def receipts_not_as_sealed(session: Session) -> NotAsSealed | None:
    """The first receipt that isn't what was sealed, or link that isn't what it was; None is what it should be."""
    chain: sa.Select[*tuple[Any, ...]] = (
        sa.select(ReceiptSeal.n, *_SEALED, ReceiptSeal.hash, sa.case((Receipt.id.is_not(None), _DIGEST)))
        .outerjoin(Receipt, _SAME)
        .order_by(ReceiptSeal.n)
        .execution_options(yield_per=_READ)
    )
    with session.execute(chain) as rows:
        return first_break(
            ((n, f"{customer}/{receipt}", kept, digest) for n, customer, receipt, kept, digest in rows),
            partial(_link, keyring_of(session)),
            sealed="receipts",
            seals="receipt_seals",
        )


def _link(keyring: Keyring, end: bytes, n: int, key: str, digest: bytes) -> bytes:
    return link(keyring, "receipts", end, n, key.encode(), digest)
