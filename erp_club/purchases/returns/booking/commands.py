"""Writes the receipt of a return: number, lines below zero, what offers had given, what was paid back."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons.models import Coupon, CouponUseBack
from erp_club.purchases.returns.facts import Refund, ReturnedLine, UsedCoupon
from erp_club.purchases.sale import receipt_hash
from erp_club.purchases.settled import tax_in
from erp_club.receipts.kinds import Means, ReceiptSource, ReturnKind
from erp_club.receipts.models import (
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptLineReturned,
    ReceiptNumber,
    ReceiptOffer,
    ReceiptPayment,
    ReceiptReturn,
    ReceiptReturnLine,
    ReceiptReturnPoints,
)


@dataclass(frozen=True, slots=True)
class ReturnReceipt:
    """What stands on a return. Lines and refunds are above zero here; `rounding_minor` is what cash gives beside them.

    `original_id` is None for goods that come without a receipt.
    """

    kind: ReturnKind
    customer_id: int
    original_id: int | None
    store_id: int
    receipt_no: str
    at: dt.datetime
    on: dt.date
    reason: str
    lines: tuple[ReturnedLine, ...]
    refunds: tuple[Refund, ...]
    rounding_minor: int

    @property
    def total_minor(self) -> int:
        """What the goods had cost."""
        return sum(line.amount_minor for line in self.lines)


def write_return(session: Session, made: ReturnReceipt, *, by: Actor) -> int:
    """Write it and give its id. The receipt that it returns is held by the caller.

    Raises Conflict `receipt-exists` where the store has this receipt number.
    """
    receipt_id = session.scalar(
        sa.insert(Receipt)
        .values(
            customer_id=made.customer_id,
            store_id=made.store_id,
            terminal_id=by.terminal_id,
            staff_id=by.staff_id,
            receipt_no=made.receipt_no,
            sold_at=made.at,
            sold_on=made.on,
            list_minor=-sum(line.list_minor for line in made.lines),
            total_minor=-made.total_minor,
            rounding_minor=-made.rounding_minor,
            source=ReceiptSource.TILL,
        )
        .returning(Receipt.id)
    )
    assert receipt_id is not None
    key = {"customer_id": made.customer_id, "receipt_id": receipt_id}
    _take_number(session, made, receipt_id)
    session.execute(
        sa.insert(ReceiptReturn),
        [key | {"kind": made.kind, "original_receipt_id": made.original_id, "reason": made.reason}],
    )
    _write_lines(session, made, key)
    _write_payments(session, made, key)
    if made.original_id is not None:
        _count_returned(session, made, made.original_id, key)
        _write_offers(session, made, made.original_id, key)
    return receipt_id


def _take_number(session: Session, made: ReturnReceipt, receipt_id: int) -> None:
    lines = [(e.line.product_id, -e.quantity_milli, -e.list_minor, -e.amount_minor) for e in made.lines]
    taken = session.execute(
        insert(ReceiptNumber)
        .values(
            store_id=made.store_id,
            receipt_no=made.receipt_no,
            customer_id=made.customer_id,
            receipt_id=receipt_id,
            content_hash=receipt_hash(made.at, made.customer_id, lines),
        )
        .on_conflict_do_nothing()
        .returning(ReceiptNumber.receipt_id)
    ).one_or_none()
    if taken is None:
        raise Conflict(
            T("This store already has a receipt with the number %(number)s.", number=made.receipt_no),
            field="receipt_no",
            code="receipt-exists",
        )


def _write_lines(session: Session, made: ReturnReceipt, key: dict[str, int]) -> None:
    rows = [
        key
        | {
            "line_no": number,
            "product_id": each.line.product_id,
            "quantity_milli": -each.quantity_milli,
            "list_minor": -each.list_minor,
            "amount_minor": -each.amount_minor,
            "vat_bp": each.line.vat_bp,
            "tax_minor": None if each.tax_minor == tax_in(each.amount_minor, each.line.vat_bp) else -each.tax_minor,
        }
        for number, each in enumerate(made.lines, start=1)
    ]
    session.execute(sa.insert(ReceiptLine), rows)


def _write_payments(session: Session, made: ReturnReceipt, key: dict[str, int]) -> None:
    rows = [
        key
        | {
            "payment_no": number,
            "means": each.means,
            "amount_minor": -each.amount_minor - (made.rounding_minor if each.means is Means.CASH else 0),
            "called": each.called or None,
        }
        for number, each in enumerate(made.refunds, start=1)
    ]
    if rows:
        session.execute(sa.insert(ReceiptPayment), rows)


def _count_returned(session: Session, made: ReturnReceipt, original_id: int, key: dict[str, int]) -> None:
    """Tie each line to the one it returns, and count it there; the check refuses what was never sold."""
    session.execute(
        sa.insert(ReceiptReturnLine),
        [
            key
            | {
                "line_no": number,
                "original_receipt_id": original_id,
                "original_line_no": each.line.line_no,
                "quantity_milli": each.quantity_milli,
            }
            for number, each in enumerate(made.lines, start=1)
        ],
    )
    counted = insert(ReceiptLineReturned)
    session.execute(
        counted.on_conflict_do_update(
            index_elements=["customer_id", "receipt_id", "line_no"],
            set_={"returned_milli": ReceiptLineReturned.returned_milli + counted.excluded.returned_milli},
        ),
        [
            {
                "customer_id": made.customer_id,
                "receipt_id": original_id,
                "line_no": each.line.line_no,
                "sold_milli": each.line.quantity_milli,
                "returned_milli": each.quantity_milli,
            }
            for each in made.lines
        ],
    )


def _write_offers(session: Session, made: ReturnReceipt, original_id: int, key: dict[str, int]) -> None:
    """What offers had given, below zero, in the versions that had given it. Their uses come back with a sale that is
    cancelled, as it never was; they count no less where goods are returned.
    """
    discounts = [(number, each) for number, line in enumerate(made.lines, start=1) for each in line.discounts]
    cancels = made.kind is ReturnKind.CANCELLATION
    gave: dict[int, int] = defaultdict(int)
    for _, each in discounts:
        gave[each.offer_id] += each.amount_minor
    versions = session.execute(
        sa.select(ReceiptOffer.offer_id, ReceiptOffer.version_no, ReceiptOffer.times).where(
            ReceiptOffer.customer_id == made.customer_id, ReceiptOffer.receipt_id == original_id
        )
    )
    rows = [
        key
        | {
            "offer_id": offer_id,
            "version_no": version,
            "times": -times if cancels else 0,
            "amount_minor": -gave[offer_id],
        }
        for offer_id, version, times in versions
        if cancels or offer_id in gave
    ]
    if rows:
        session.execute(sa.insert(ReceiptOffer), rows)
    if not discounts:
        return
    session.execute(
        sa.insert(ReceiptDiscount),
        [
            key
            | {
                "line_no": number,
                "offer_id": each.offer_id,
                "amount_minor": -each.amount_minor,
                "units_milli": -each.units_milli,
            }
            for number, each in discounts
        ],
    )


def write_points(session: Session, customer_id: int, receipt_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what a return settled with each account."""
    if rows:
        key = {"customer_id": customer_id, "receipt_id": receipt_id}
        session.execute(sa.insert(ReceiptReturnPoints), [key | row for row in rows])


def give_uses_back(
    session: Session, coupons: Sequence[UsedCoupon], *, customer_id: int, receipt_id: int, now: dt.datetime
) -> None:
    """Give each coupon the use that it was taken for, in the order of their keys; what it was stays written."""
    for each in sorted(coupons, key=lambda coupon: (coupon.customer_id, coupon.coupon_id)):
        session.execute(
            sa.update(Coupon)
            .where(Coupon.customer_id == each.customer_id, Coupon.id == each.coupon_id)
            .values(uses=Coupon.uses + 1, worth_minor=Coupon.worth_minor + each.gave_minor)
        )
        session.execute(
            sa.insert(CouponUseBack).values(
                customer_id=each.customer_id,
                coupon_id=each.coupon_id,
                use_no=each.use_no,
                receipt_customer_id=customer_id,
                receipt_id=receipt_id,
                at=now,
            )
        )
