"""A receipt as it is printed on paper of 80 mm."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping

from pydantic import BaseModel, Field

from erp_club.kernel.money import Rounding, round_div
from erp_club.permissions.catalog import Permission
from erp_club.points.units import Unit
from erp_club.promotions.coupons.codes import spoken
from erp_club.purchases.exchanges.queries import exchange_of
from erp_club.purchases.fees.queries import FeeFor, fees_of_receipt
from erp_club.purchases.queries import GivenRows, given_on, moved_by
from erp_club.purchases.returns.queries import return_of
from erp_club.purchases.settled import tax_in
from erp_club.receipts import queries
from erp_club.receipts.kinds import ReturnKind
from erp_club.stored_value.queries import cards_of_receipt
from web.deps import Act
from web.views.fees import FeeView, fee_view
from web.views.value_cards import CardOfPurchase, PurchasePayment, cards_sold, paid_with

WHOLE_FOR = dt.timedelta(days=1)
"""So long the numbers of cards that a sale sold can be printed whole; later a slip that lay about would be money."""


class SlipDiscount(BaseModel):
    """What an offer took off a line."""

    names: dict[str, str]
    amount_minor: int


class SlipSaving(BaseModel):
    """What a membership of a club would have saved."""

    names: dict[str, str]
    amount_minor: int


class SlipLine(BaseModel):
    """A line; `price_minor` is for one unit at the price in force, before discounts. `added`: a gift."""

    name: str
    quantity_milli: int
    regular_minor: int
    price_minor: int
    list_minor: int
    amount_minor: int
    added: bool
    discounts: list[SlipDiscount]
    fee_for: FeeView | None


class SlipCoupon(BaseModel):
    """A coupon for the next purchase: its code as scanners and as people read it."""

    names: dict[str, str]
    code: str
    spoken: str
    last_day: dt.date | None


class SlipVat(BaseModel):
    """The VAT that the lines of one rate hold."""

    vat_bp: int
    vat_minor: int


class SlipEarned(BaseModel):
    """What one club's account gained or paid, and the balance after the sale."""

    names: dict[str, str]
    points: int
    balance: int
    unit: Unit


class Slip(BaseModel):
    """A printed receipt. The customer's family name is shortened: slips are left lying about.

    Names stand in all their languages: which one is printed is decided when it is drawn. Of a return, `kind` says why,
    and `return_of` is the number of the receipt that it takes back. An `exchange` is a return and a sale in one.
    """

    receipt_id: int
    receipt_no: str
    store: str
    city: str | None
    terminal: str | None
    cashier: str | None
    sold_at: dt.datetime
    zone: str = Field(exclude=True)
    language: str | None = Field(exclude=True)
    currency: str
    customer: str
    lines: list[SlipLine]
    total_minor: int
    rounding_minor: int
    payments: list[PurchasePayment]
    cards: list[CardOfPurchase]
    vat: list[SlipVat]
    saved_minor: int
    messages: list[dict[str, str]]
    coupons: list[SlipCoupon]
    club_savings: SlipSaving | None
    earned: list[SlipEarned]
    spent: list[SlipEarned]
    return_of: str | None
    kind: ReturnKind | None
    exchange: bool = False


def slip_view(act: Act, receipt_id: int) -> Slip:
    """The slip of a receipt; both sides of an exchange are one slip. Raises NotFound."""
    found = queries.receipt(act.session, receipt_id)
    pair = exchange_of(act.session, found.row.customer_id, receipt_id)
    if pair is None:
        return _slip(act, found)
    back, sold = (_slip(act, queries.receipt(act.session, each)) for each in (pair.returned_id, pair.sold_id))
    return _as_one(back, sold)


def _as_one(back: Slip, sold: Slip) -> Slip:
    """A return and a sale under the sale's number: lines of both, and of the payments what changes hands."""
    in_hand: dict[str, int] = defaultdict(int)
    for each in (*back.payments, *sold.payments):
        if each.card is None:
            in_hand[each.means] += each.amount_minor
    vat: dict[int, int] = defaultdict(int)
    for rate in (*back.vat, *sold.vat):
        vat[rate.vat_bp] += rate.vat_minor
    return sold.model_copy(
        update={
            "lines": [*back.lines, *sold.lines],
            "total_minor": back.total_minor + sold.total_minor,
            "rounding_minor": back.rounding_minor + sold.rounding_minor,
            "payments": [
                *(PurchasePayment(means=means, amount_minor=minor) for means, minor in in_hand.items() if minor),
                *(each for each in sold.payments if each.card is not None),
            ],
            "vat": [SlipVat(vat_bp=bp, vat_minor=tax) for bp, tax in sorted(vat.items())],
            "earned": [*back.earned, *sold.earned],
            "spent": [*back.spent, *sold.spent],
            "return_of": back.return_of,
            "exchange": True,
        }
    )


def _slip(act: Act, found: queries.ReceiptRecord) -> Slip:
    row = found.row
    given = given_on(act.session, row.customer_id, row.id)
    regular = sum(line.list_minor if line.regular_minor is None else line.regular_minor for line in found.lines)
    missed, moved = given.missed, moved_by(act.session, row.customer_id, row.id, member_id=row.customer_id)
    back = return_of(act.session, row.customer_id, row.id)
    cards = cards_of_receipt(act.session, (row.customer_id, row.id))
    return Slip(
        receipt_id=row.id,
        receipt_no=row.receipt_no,
        store=row.store,
        city=found.city,
        terminal=found.terminal,
        cashier=found.staff,
        sold_at=row.sold_at,
        zone=row.zone,
        language=found.language,
        currency=act.chain.currency,
        customer=short_name(row.customer),
        lines=_lines(found.lines, given, fees_of_receipt(act.session, row.id)),
        total_minor=row.total_minor,
        rounding_minor=row.rounding_minor,
        payments=paid_with(found.payments, cards),
        cards=cards_sold(cards, whole=act.by.may(Permission.STORED_VALUE_SELL) and act.now - row.sold_at < WHOLE_FOR),
        vat=_vat(found.lines),
        saved_minor=max(regular - row.total_minor, 0) if back.kind is None else 0,
        messages=[each.receipt_message for each in given.offers if each.receipt_message],
        coupons=[
            SlipCoupon(names=each.names, code=each.code, spoken=spoken(each.code), last_day=each.last_day)
            for each in given.issued
        ],
        club_savings=SlipSaving(names=missed.names, amount_minor=missed.amount_minor) if missed else None,
        earned=[SlipEarned.model_validate(each, from_attributes=True) for each in moved.earned],
        spent=[SlipEarned.model_validate(each, from_attributes=True) for each in moved.spent],
        return_of=back.original_no,
        kind=back.kind,
    )


def _lines(lines: tuple[queries.LineRow, ...], given: GivenRows, fees: Mapping[int, FeeFor]) -> list[SlipLine]:
    names = {each.code: each.names for each in given.offers}
    return [
        SlipLine(
            name=line.name,
            quantity_milli=line.quantity_milli,
            regular_minor=_of_one(line, line.list_minor if line.regular_minor is None else line.regular_minor),
            price_minor=_of_one(line, line.list_minor),
            list_minor=line.list_minor,
            amount_minor=line.amount_minor,
            added=line.added,
            discounts=[
                SlipDiscount(names=names[each.offer], amount_minor=each.amount_minor)
                for each in given.discounts
                if each.line_no == line.line_no
            ],
            fee_for=fee_view(fees.get(line.line_no)),
        )
        for line in lines
    ]


def _of_one(line: queries.LineRow, minor: int) -> int:
    if not line.quantity_milli:
        return 0
    return abs(round_div(minor * 1000, abs(line.quantity_milli), Rounding.HALF_UP))


def short_name(name: str) -> str:
    """`Noa Ben David` as `Noa B.`; a single name as it is."""
    given, _, family = name.partition(" ")
    return f"{given} {family[0]}." if family else given


def _vat(lines: tuple[queries.LineRow, ...]) -> list[SlipVat]:
    by_rate: dict[int, int] = defaultdict(int)
    for line in lines:
        tax = tax_in(line.amount_minor, line.vat_bp) if line.tax_minor is None else line.tax_minor
        by_rate[line.vat_bp] += tax
    return [SlipVat(vat_bp=bp, vat_minor=tax) for bp, tax in sorted(by_rate.items())]
