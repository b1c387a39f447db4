"""Taking sales that tills made offline: each is booked once, as the till made it, and what doesn't fit is listed."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product
from erp_club.catalogue.weighed import may_be_label
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, Forbidden, Refused
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.purchases import commands as purchases
from erp_club.purchases.asked import Asked, Place
from erp_club.purchases.facts import gather
from erp_club.purchases.plans import paid_by_means
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.pricing import price_gathered
from erp_club.purchases.quotes import queries as quotes
from erp_club.purchases.quotes.commands import sale_key
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.sale import Sale, SaleLine
from erp_club.purchases.settled import sale_of
from erp_club.purchases.uploads import queries
from erp_club.purchases.uploads.checking import (
    Fault,
    OfflineLine,
    OfflineSale,
    agrees,
    coupon_faults,
    other_faults,
    price_faults,
)
from erp_club.purchases.uploads.errors import no_conflict
from erp_club.purchases.uploads.kinds import Cause
from erp_club.purchases.uploads.models import PurchaseUpload, UploadConflict
from erp_club.purchases.uploads.queries import KnownReceipt
from erp_club.purchases.weighed import on_labels, times

_ONE_AT_A_TIME = 8_461_001
"""The advisory lock of uploads: two batches with the same sales would else wait for each other's."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one sale. `known`: it had come before. A receipt that differs has the key of the one before it."""

    receipt_no: str
    customer_id: int
    receipt_id: int
    known: bool
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A batch, with what became of each sale in the order in which they came."""

    id: int
    taken: tuple[Taken, ...]

    @property
    def known(self) -> int:
        """How many had come before."""
        return sum(each.known for each in self.taken)

    @property
    def booked(self) -> int:
        """How many are new."""
        differ = sum(any(fault.cause is Cause.RECEIPT_DIFFERS for fault in each.faults) for each in self.taken)
        return len(self.taken) - self.known - differ


def take_upload(session: Session, sales: Sequence[OfflineSale], place: Place, *, currency: str) -> Upload:
    """Book every sale that isn't known yet, in the order in which they were made, and list what doesn't fit.

    `place` is the till; the moment of each sale is its own. Nothing of a sale is a reason to refuse it.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    sales = _labels_read(session, sales)
    skus = {line.sku for sale in sales for line in sale.lines}
    unknown = _open_products(session, skus)
    cards = {sku for sku, each in quotes.products(session, skus).items() if each.kind == ProductKind.GIFT_CARD}
    order = sorted(range(len(sales)), key=lambda i: (sales[i].sold_at, sales[i].receipt_no, i))
    made: dict[int, Taken] = {}
    for i in order:
        faults = _known_faults(sales[i], unknown, cards)
        made[i] = _take(session, sales[i], replace(place, sold_at=sales[i].sold_at), faults, currency=currency)
    taken = tuple(made[i] for i in range(len(sales)))
    upload = _keep(session, sales, taken, place)
    audit.record(
        session,
        by=place.by,
        now=place.now,
        action="sales.upload",
        entity="purchase_upload",
        entity_id=upload.id,
        after={"booked": upload.booked, "known": upload.known, "conflicts": sum(len(e.faults) for e in taken)},
    )
    return upload


def _labels_read(session: Session, sales: Sequence[OfflineSale]) -> Sequence[OfflineSale]:
    """The sales with what scales have printed as the item and how much of it; a code that a product has is that one."""
    codes = {line.sku for sale in sales for line in sale.lines if may_be_label(line.sku)}
    held = on_labels(session, queries.unknown_skus(session, codes)) if codes else {}
    return [replace(sale, lines=tuple(_label_read(line, held) for line in sale.lines)) for sale in sales]


def _label_read(line: OfflineLine, held: Mapping[str, tuple[str, int]]) -> OfflineLine:
    if line.sku not in held:
        return line
    sku, milli = times(held[line.sku], line.quantity_milli)
    return replace(line, sku=sku, quantity_milli=milli)


def _open_products(session: Session, skus: set[str]) -> list[str]:
    """Open the products that nobody has, without price, as a file would; gives their SKUs."""
    unknown = queries.unknown_skus(session, skus)
    if unknown:
        rows = [{"sku": sku, "name": sku, "list_price_minor": 0, "vat_bp": 0, "stub": True} for sku in unknown]
        session.execute(insert(Product).on_conflict_do_nothing(), rows)
    return unknown


def _known_faults(sale: OfflineSale, unknown: Collection[str], cards: Collection[str]) -> list[Fault]:
    """What is wrong with the goods themselves: products that nobody has, and cards, whose number nobody would know."""
    sold = {line.sku for line in sale.lines}
    faults = [Fault(Cause.PRODUCT_UNKNOWN, {"sku": sku}) for sku in unknown if sku in sold]
    for sku in sorted(sold & {*cards}):
        amount = sum(line.amount_minor if line.list_minor is None else line.list_minor for line in sale.lines
                     if line.sku == sku)  # fmt: skip
        faults.append(Fault(Cause.CARD_NOT_MADE, {"sku": sku, "amount_minor": amount}))
    return faults


def _take(session: Session, offline: OfflineSale, place: Place, of_goods: Sequence[Fault], *, currency: str) -> Taken:
    known = queries.known_receipt(session, place.terminal.store_id, offline.receipt_no)
    if known is not None:
        return _known(known, offline)
    # The sale has been made; what its cashier may do by themselves is told, and is no reason against it any more.
    by = place.by
    place = replace(place, by=replace(place.by, held=place.by.held.without_limits()))
    buyer, customer_id, faults = _buyer(session, offline, place)
    asked = _asked(offline, buyer, place)
    basket, ours = _priced(session, offline, asked, place, currency=currency)
    told = _as_told(session, offline, place, customer_id, currency=currency)
    faults += [*of_goods, *other_faults(told, now=place.now)]
    try:
        if basket is not None and ours is not None and agrees(ours, offline) and not faults:
            with session.begin_nested():
                posted = purchases.settle(session, ours, basket, asked, place).posted
            beyond = _not_alone(session, purchases.deeds_of(ours, basket, asked), replace(place, by=by))
            # A coupon that isn't good took nothing off here either.
            told_of = (*beyond, *coupon_faults(basket))
            return Taken(offline.receipt_no, posted.customer_id, posted.receipt_id, known=False, faults=told_of)
    except Conflict as refused:
        if refused.code == "receipt-exists":  # sold online under this number in this very moment
            return _again(session, offline, place)
        basket, ours = _priced(session, offline, asked, place, currency=currency)
    if ours is None or not agrees(ours, offline):
        faults += price_faults(basket, None if ours is None else ours.total_minor, offline)
    try:
        with session.begin_nested():
            posted = purchases.book_sale(session, told, now=place.now, by=place.by)
    except Conflict as refused:
        if refused.code == "receipt-exists":
            return _again(session, offline, place)
        # Its customer became another one in this very moment: the sale is theirs.
        return _take(session, offline, replace(place, by=by), of_goods, currency=currency)
    if basket is not None:
        faults += _use_coupons(session, basket, asked, place, told.customer_id, posted.receipt_id, faults)
    return Taken(offline.receipt_no, posted.customer_id, posted.receipt_id, known=False, faults=tuple(faults))


def _not_alone(session: Session, deeds: Sequence[Deed], place: Place) -> tuple[Fault, ...]:
    """What the cashier has done beyond their rights or limits; the rest counts on their day as if sold online."""
    faults: list[Fault] = []
    for deed in deeds:
        try:
            with session.begin_nested():
                permit(session, deed, on=place.today, now=place.now, by=place.by)
        except Forbidden:
            faults.append(Fault(Cause.NOT_ALONE, {"action": deed.action.value, "amount": deed.amount}))
    return tuple(faults)


def _again(session: Session, offline: OfflineSale, place: Place) -> Taken:
    known = queries.known_receipt(session, place.terminal.store_id, offline.receipt_no)
    assert known is not None
    return _known(known, offline)


def _known(known: KnownReceipt, offline: OfflineSale) -> Taken:
    sold = tuple((line.sku, line.quantity_milli, line.amount_minor) for line in offline.lines)
    same = known.lines == sold and abs(known.sold_at - offline.sold_at) < dt.timedelta(seconds=1)
    faults = () if same else (Fault(Cause.RECEIPT_DIFFERS, {"theirs_minor": offline.total_minor}),)
    return Taken(offline.receipt_no, known.customer_id, known.receipt_id, known=same, faults=faults)


def _buyer(session: Session, offline: OfflineSale, place: Place) -> tuple[Buyer, int, list[Fault]]:
    """Who bought; nobody where that can't be found out any more."""
    try:
        told = quotes.tell(session, [], offline.buyer, store_id=place.terminal.store_id, day=place.local.date())
    except Refused as refused:
        said = {
            name: value
            for name, value in (("number", offline.buyer.number), ("id", offline.buyer.customer_id or None))
            if value is not None
        }
        return NOBODY, 0, [Fault(Cause.CUSTOMER_UNKNOWN, {"reason": refused.code, **said})]
    return offline.buyer, told.customer_id, []


def _asked(offline: OfflineSale, buyer: Buyer, place: Place) -> Asked:
    return Asked(
        lines=tuple((line.sku, line.quantity_milli) for line in offline.lines),
        buyer=buyer,
        coupons=offline.coupons,
        claims=offline.claims,
        confirmed=offline.confirmed,
        means=tuple(dict.fromkeys(each.means.value for each in offline.payments)),
        paid=paid_by_means(offline.payments),
        sale_id=sale_key(place.terminal.id, offline.receipt_no),
    )


def _priced(
    session: Session, offline: OfflineSale, asked: Asked, place: Place, *, currency: str
) -> tuple[PricedBasket | None, Sale | None]:
    """What we would have asked at that moment; None where we can't tell.

    Its coupons were taken when they were entered, so whether this till may try codes now is no question, and the list
    tells what they are whatever its cashier may know.
    """
    knowing = replace(place.by, held=place.by.held.also(Permission.COUPONS_VIEW))
    try:
        basket = price_gathered(gather(session, asked, replace(place, by=knowing), entered_before=True))
    except Refused:
        return None, None
    sale = sale_of(basket, place, receipt_no=offline.receipt_no, payments=offline.payments, currency=currency)
    return basket, sale


def _as_told(session: Session, offline: OfflineSale, place: Place, customer_id: int, *, currency: str) -> Sale:
    """The sale as the till made it."""
    products = quotes.products(session, {line.sku for line in offline.lines})
    return Sale(
        store_id=place.terminal.store_id,
        terminal_id=place.terminal.id,
        receipt_no=offline.receipt_no,
        sold_at=offline.sold_at,
        sold_on=place.local.date(),
        customer_id=customer_id,
        lines=tuple(
            SaleLine(
                product_id=products[line.sku].id,
                quantity_milli=line.quantity_milli,
                list_minor=line.amount_minor if line.list_minor is None else line.list_minor,
                amount_minor=line.amount_minor,
                vat_bp=products[line.sku].vat_bp,
                earns=products[line.sku].earns,
            )
            for line in offline.lines
        ),
        payments=offline.payments,
        currency=currency,
    )


def _use_coupons(
    session: Session,
    basket: PricedBasket,
    asked: Asked,
    place: Place,
    customer_id: int,
    receipt_id: int,
    faults: Sequence[Fault],
) -> list[Fault]:
    """Use the coupons that were good, so that nobody uses them again, and tell of those that weren't."""
    more = coupon_faults(basket, faults)
    for coupon in basket.coupons:
        if coupon.fault is None and coupon.id:
            gave = sum(each.amount_minor for each in basket.priced.applied if each.coupon == coupon.text)
            used = purchases.use_coupon(
                session, coupon.id, gave, customer_id=customer_id, receipt_id=receipt_id, asked=asked, place=place
            )
            if not used:
                more.append(Fault(Cause.COUPON_USED, {"coupon": coupon.text}))
    return more


def _keep(session: Session, sales: Sequence[OfflineSale], taken: Sequence[Taken], place: Place) -> Upload:
    counted = Upload(0, tuple(taken))
    upload_id = session.scalar(
        sa.insert(PurchaseUpload)
        .values(
            at=place.now,
            store_id=place.terminal.store_id,
            terminal_id=place.terminal.id,
            staff_id=place.by.staff_id,
            booked=counted.booked,
            known=counted.known,
            conflicts=sum(len(each.faults) for each in taken),
        )
        .returning(PurchaseUpload.id)
    )
    assert upload_id is not None
    rows: list[dict[str, Any]] = []
    for sale, each in zip(sales, taken, strict=True):
        said = json.dumps(dict(sale.document), sort_keys=True).encode()
        rows += [
            {
                "upload_id": upload_id,
                "store_id": place.terminal.store_id,
                "receipt_no": sale.receipt_no,
                "sold_at": sale.sold_at,
                "customer_id": each.customer_id,
                "receipt_id": each.receipt_id,
                "cause": fault.cause,
                "facts": dict(fault.facts),
                "document": dict(sale.document),
                "document_hash": hashlib.sha256(said + json.dumps(dict(fault.facts)).encode()).digest(),
            }
            for fault in each.faults
        ]
    if rows:
        session.execute(insert(UploadConflict).on_conflict_do_nothing(), rows)
    return Upload(upload_id, tuple(taken))


def mark_seen(session: Session, conflict_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Somebody has looked at a conflict and done what was to be done; the first one stays written. Raises NotFound."""
    conflict = session.get(UploadConflict, conflict_id, with_for_update={"key_share": True})
    if conflict is None:
        raise no_conflict()
    if conflict.seen_at is not None:
        return
    conflict.seen_at, conflict.seen_by = now, by.staff_id
    session.flush()
    audit.record(
        session, by=by, now=now, action="sales.seen", entity="upload_conflict", entity_id=conflict_id,
        after={"cause": conflict.cause, "receipt_no": conflict.receipt_no},
    )  # fmt: skip
