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
    as_return = sa.and_(ReceiptExchange.customer_id == customer_id, ReceiptExchange.receipt_id == receipt_id)
    as_sale = sa.and_(ReceiptExchange.sold_customer_id == customer_id, ReceiptExchange.sold_receipt_id == receipt_id)
    asked = sa.select(ReceiptExchange.receipt_id, ReceiptExchange.sold_receipt_id)
    # Two look-ups by their keys instead of one that would have to choose between them.
    row = session.execute(asked.where(as_return)).one_or_none() or session.execute(asked.where(as_sale)).one_or_none()
    return None if row is None else Pair(*row)
