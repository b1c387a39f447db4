"""Which return and which sale were settled as one."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.receipts.models import ReceiptExchange


@dataclass(frozen=True, slots=True)
class Pair:
    """The receipts of an exchange: of what came back, and of what was bought."""

    returned_id: int
    sold_id: int


def exchange_of(session: Session, customer_id: int, receipt_id: int) -> Pair | None:
    """The exchange that a receipt is one side of."""
    row = session.execute(_PAIR, {"customer": customer_id, "receipt": receipt_id}).one_or_none()
    return None if row is None else Pair(*row)


# Two look-ups by their keys instead of one that would have to choose between them.
_ASKED = sa.select(ReceiptExchange.receipt_id, ReceiptExchange.sold_receipt_id)
_CUSTOMER, _RECEIPT = (sa.bindparam(name, type_=sa.BigInteger) for name in ("customer", "receipt"))
_PAIR = sa.union_all(
    _ASKED.where(ReceiptExchange.customer_id == _CUSTOMER, ReceiptExchange.receipt_id == _RECEIPT),
    _ASKED.where(ReceiptExchange.sold_customer_id == _CUSTOMER, ReceiptExchange.sold_receipt_id == _RECEIPT),
)
