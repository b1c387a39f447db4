"""Goods that come back without a receipt."""

import hashlib
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.customers.models import UNIDENTIFIED
from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets.commands import next_receipt_no
from erp_club.purchases.facts import check_lines
from erp_club.purchases.quotes.queries import products as products_of
from erp_club.purchases.returns.arithmetic import refund_rounding
from erp_club.purchases.returns.arithmetic import refunds as refunds_of
from erp_club.purchases.returns.booking.commands import ReturnReceipt, write_return
from erp_club.purchases.returns.commands import Asked, Returned, traced
from erp_club.purchases.returns.facts import Bought, BoughtLine, Reckoned, ReturnedLine
from erp_club.purchases.sale import check_time, line_amount
from erp_club.purchases.settled import tax_in
from erp_club.receipts.kinds import ReturnKind


@dataclass(frozen=True, slots=True)
class Unproved:
    """Goods that come back without a receipt: what they are, how much, and what is paid for them in all.

    `amount_minor` None is today's price.
    """

    sku: str
    quantity_milli: int
    amount_minor: int | None = None


def return_without_receipt(
    session: Session, goods: tuple[Unproved, ...], asked: Asked, place: Place, *, currency: str
) -> Returned:
    """Take goods back that nobody can show a receipt for, at today's price or less; it earns and takes no points.

    Raises Invalid for goods that aren't known or have no price, and for more money than today's price; Forbidden beyond
    the limits of who does it.
    """
    done = _take_unproved(session, goods, asked, place, currency=currency)
    deed = Deed(Permission.SALES_RETURN_WITHOUT_RECEIPT, _about(goods), abs(done.receipt.total_minor))
    permit(session, deed, on=place.today, now=place.now, by=place.by)
    return done


def preview_without_receipt(
    session: Session, goods: tuple[Unproved, ...], asked: Asked, place: Place, *, currency: str
) -> Returned:
    """What goods without a receipt would give back, whoever takes them; nothing is written."""
    with session.begin_nested() as undone:
        made = _take_unproved(session, goods, replace(asked, receipt_no=None), place, currency=currency)
        undone.rollback()
    return replace(made, receipt_id=None, receipt=replace(made.receipt, receipt_no=asked.receipt_no or ""))


def _take_unproved(
    session: Session, goods: tuple[Unproved, ...], asked: Asked, place: Place, *, currency: str
) -> Returned:
    check_time(place.sold_at, now=place.now)
    lines = _unproved(session, goods)
    bought = Bought(tuple(each.line for each in lines), currency)
    total = sum(each.amount_minor for each in lines)
    refunds = refunds_of((), total, means=asked.wish.means)
    made = ReturnReceipt(
        kind=ReturnKind.WITHOUT_RECEIPT,
        customer_id=UNIDENTIFIED,
        original_id=None,
        store_id=place.terminal.store_id,
        receipt_no=asked.receipt_no or next_receipt_no(session, place.terminal.id),
        at=place.sold_at,
        on=place.local.date(),
        reason=asked.reason,
        lines=lines,
        refunds=refunds,
        rounding_minor=refund_rounding(refunds, bought),
    )
    receipt_id = write_return(session, made, by=place.by)
    done = Returned(receipt_id, made, None, Reckoned(lines, refunds, (), (), is_whole=True), ())
    audit.record(
        session,
        by=place.by,
        now=place.now,
        action="sales.return_without_receipt",
        entity="receipt",
        entity_id=receipt_id,
        after=traced(done),
    )
    return done


def _about(goods: tuple[Unproved, ...]) -> str:
    """What comes back, as an approval is bound to it."""
    return "goods:" + hashlib.sha256(repr(goods).encode()).hexdigest()[:16]


def _unproved(session: Session, goods: tuple[Unproved, ...]) -> tuple[ReturnedLine, ...]:
    products = products_of(session, {each.sku for each in goods})
    check_lines([(each.sku, each.quantity_milli) for each in goods], products)
    lines: list[ReturnedLine] = []
    errors: list[FieldError] = []
    for number, each in enumerate(goods, start=1):
        product = products[each.sku]
        listed = line_amount(product.price_minor, each.quantity_milli)
        amount = listed if each.amount_minor is None else each.amount_minor
        if amount > listed:
            text = T("Without a receipt no more than today's price is paid back.")
            errors.append(FieldError(f"lines[{number - 1}].amount_minor", text))
        if product.kind == ProductKind.GIFT_CARD:
            text = T("A card that was sold comes back with its receipt only.")
            errors.append(FieldError(f"lines[{number - 1}].sku", text))
        tax = tax_in(amount, product.vat_bp)
        line = BoughtLine(number, product.id, each.quantity_milli, listed, amount, tax, product.vat_bp, earns=False)
        lines.append(ReturnedLine(line, each.quantity_milli, listed, amount, tax))
    if errors:
        raise Invalid(errors)
    return tuple(lines)
