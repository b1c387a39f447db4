"""Receipts as pages and JSON show them, and one customer's purchases of a year."""

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from pydantic import BaseModel, Field, computed_field

from erp_club.kernel.text import T
from erp_club.points.units import Unit
from erp_club.purchases.fees.queries import fees_of_receipt
from erp_club.purchases.queries import GivenRows, given_on, moved_by
from erp_club.purchases.registering.queries import Member, registered_for
from erp_club.purchases.returns.queries import standing
from erp_club.purchases.settled import tax_in
from erp_club.receipts import queries
from erp_club.receipts.kinds import ReturnKind
from erp_club.receipts.queries import ReceiptFilters, ReceiptRow
from erp_club.reports.years import shown_year
from erp_club.stored_value.queries import cards_of_receipt
from web.deps import Act
from web.formats import localised, money_text, month
from web.i18n import LANGUAGE, say
from web.lists import COUNTED, ListState, list_state
from web.scopes import receipts_within
from web.views.earned import ClubEarned, earned_then
from web.views.fees import FeeView, fee_view
from web.views.moved import Buyer, PurchasePoints, points_of, unit_moved
from web.views.reasons import isolated
from web.views.value_cards import CardOfPurchase, PurchasePayment, cards_sold, paid_with

SORTS = ("sold_at", "receipt_no", "store", "customer", "total_minor")
"""Not by how many lines they have: that isn't kept, and to keep and index it every sale would pay."""
SORTS_OF_CUSTOMER = (*SORTS, "lines")


class LineDiscount(BaseModel):
    """What an offer took off a line, and of how many of its units."""

    offer: str
    name: str
    amount_minor: int
    quantity: str


class PurchaseLine(BaseModel):
    """A line; amounts are for the whole line with VAT, before and after discounts.

    `regular_minor` is at the product's own price, where `price_list` made another list amount of it. `added`: a gift,
    which is no discount, so all its amounts are 0, as in the quote; its discount names the offer.
    """

    line_no: int
    product_id: int
    sku: str
    name: str
    quantity_milli: int = Field(exclude=True)
    regular_minor: int
    list_minor: int
    amount_minor: int
    vat_bp: int
    tax_minor: int
    price_list: str | None
    added: bool
    discounts: list[LineDiscount]
    fee_for: FeeView | None = None
    returned_milli: int = Field(default=0, exclude=True)

    @computed_field
    @property
    def returned(self) -> str:
        """How much of it has come back."""
        return quantity_text(self.returned_milli)

    @computed_field
    @property
    def quantity(self) -> str:
        """The quantity as a decimal: `1`, `0.25`."""
        return quantity_text(self.quantity_milli)


class PurchaseOffer(BaseModel):
    """What an offer gave, in the version that priced the sale."""

    offer: str
    version: int
    name: str
    times: int
    amount_minor: int
    points: int
    points_used: int
    coupon: str | None
    unit: Unit | None
    """What its points count; null where the receipt moved those of clubs that count differently."""


class ClubSavings(BaseModel):
    """What the same basket would cost less for a member of the club that gives most."""

    club: str
    name: str
    amount_minor: int
    words: str


class ReturnOf(BaseModel):
    """The sale that a return takes back; without one the goods came without a receipt."""

    id: int | None
    receipt_no: str | None
    kind: ReturnKind


class ReturnLink(BaseModel):
    """A return of the receipt; its total is below zero."""

    id: int
    receipt_no: str
    kind: ReturnKind
    sold_at: dt.datetime
    zone: str = Field(exclude=True)
    store: str
    total_minor: int


class PurchaseView(BaseModel):
    """A whole receipt. `customer` is null for nobody known; `coupons` were issued for the next purchase.

    `return_of` is null for a sale, and `returns` are what has come back of it.
    """

    id: int
    receipt_no: str
    sold_at: dt.datetime
    sold_on: dt.date
    store: str
    store_code: str
    terminal: str | None
    staff: str | None
    customer: Buyer | None
    currency: str
    list_minor: int
    discount_minor: int
    total_minor: int
    rounding_minor: int
    source: str
    lines: list[PurchaseLine]
    offers: list[PurchaseOffer]
    coupons: list[str]
    club_savings: ClubSavings | None
    payments: list[PurchasePayment]
    cards: list[CardOfPurchase]
    earned: list[PurchasePoints]
    explained: list[ClubEarned]
    return_of: ReturnOf | None
    returns: list[ReturnLink]
    spent: list[PurchasePoints]
    registered_for: Buyer | None
    zone: str = Field(exclude=True)

    @property
    def returnable(self) -> bool:
        """Whether anything of it can still be returned."""
        return self.return_of is None and any(line.quantity_milli > line.returned_milli for line in self.lines)

    @property
    def registrable(self) -> bool:
        """Whether it may be registered for a member: nobody was identified, and nothing has come back."""
        nobody = self.customer is None and self.registered_for is None
        return nobody and self.return_of is None and not self.returns


class PurchaseRow(BaseModel):
    """A receipt in a list."""

    id: int
    receipt_no: str
    sold_at: dt.datetime
    store: str
    store_code: str
    customer: Buyer | None
    lines: int
    list_minor: int
    total_minor: int
    rounding_minor: int
    zone: str = Field(exclude=True)


class CustomerPurchases(BaseModel):
    """One page of a customer's purchases, the latest first."""

    currency: str
    state: ListState
    purchases: list[PurchaseRow]


class MonthOfPurchases(BaseModel):
    """One month of a year; `month` is its first day."""

    month: dt.date
    purchases: int
    total_minor: int


class FavouriteGroup(BaseModel):
    """A product group with what was spent on it; `name` null for products without a group."""

    name: str | None
    purchases: int
    total_minor: int


class YearOfPurchases(BaseModel):
    """A customer's calendar year. `year` is null where there are no purchases; `years` are those with some."""

    customer_id: int
    currency: str
    year: int | None
    years: list[int]
    months: list[MonthOfPurchases]
    purchases: int
    total_minor: int
    groups: list[FavouriteGroup]
    words: list[str] = Field(exclude=True)


def quantity_text(milli: int) -> str:
    """Thousandths as a decimal without trailing zeros: 1000 as `1`, 1250 as `1.25`."""
    whole, part = divmod(abs(milli), 1000)
    text = f"{whole}.{part:03d}".rstrip("0").rstrip(".")
    return f"-{text}" if milli < 0 else text


def purchase_view(act: Act, receipt_id: int) -> PurchaseView:
    """The receipt with lines, payments and points. Raises NotFound."""
    found = queries.receipt(act.session, receipt_id)
    row = found.row
    registered = None if row.customer_id else registered_for(act.session, receipt_id)
    member_id = registered.id if registered else row.customer_id
    moved = moved_by(act.session, row.customer_id, receipt_id, member_id=member_id)
    unit = unit_moved((*moved.earned, *moved.spent))
    given = given_on(act.session, row.customer_id, receipt_id)
    discounts = discounts_by_number(given)
    back = standing(act.session, row.customer_id, receipt_id)
    cards, fees = cards_of_receipt(act.session, (row.customer_id, row.id)), fees_of_receipt(act.session, row.id)
    return PurchaseView(
        id=row.id, receipt_no=row.receipt_no, sold_at=row.sold_at, sold_on=row.sold_on, zone=row.zone,
        store=row.store, store_code=row.store_code, terminal=found.terminal, staff=found.staff,
        customer=_buyer(row), currency=act.chain.currency, list_minor=row.list_minor,
        discount_minor=row.list_minor - row.total_minor, total_minor=row.total_minor,
        rounding_minor=row.rounding_minor, source=found.source.value,
        lines=[
            PurchaseLine(
                line_no=line.line_no, product_id=line.product_id, sku=line.sku, name=line.name,
                quantity_milli=line.quantity_milli,
                regular_minor=line.list_minor if line.regular_minor is None else line.regular_minor,
                list_minor=line.list_minor, amount_minor=line.amount_minor, vat_bp=line.vat_bp,
                tax_minor=tax_in(line.amount_minor, line.vat_bp) if line.tax_minor is None else line.tax_minor,
                price_list=line.price_list, added=line.added, discounts=discounts.get(line.line_no, []),
                returned_milli=back.returned_milli.get(line.line_no, 0), fee_for=fee_view(fees.get(line.line_no)),
            )
            for line in found.lines
        ],
        offers=[
            PurchaseOffer(
                offer=each.code, version=each.version, name=localised(each.names), times=each.times,
                amount_minor=each.amount_minor, points=each.points, points_used=each.points_used, coupon=each.coupon,
                unit=unit,
            )
            for each in given.offers
        ],
        coupons=[each.code for each in given.issued],
        club_savings=savings_view(given.missed, currency=act.chain.currency) if given.missed else None,
        payments=paid_with(found.payments, cards),
        cards=cards_sold(cards, whole=False),
        earned=points_of(moved.earned),
        explained=earned_then(act, (row.customer_id, row.id), member_id, on=row.sold_on, at=row.sold_at)
        if member_id and back.kind is None and (moved.earned or found.terminal) else [],
        spent=points_of(moved.spent),
        registered_for=_member(registered) if registered else None,
        return_of=None if back.kind is None else ReturnOf(
            id=back.original_id, receipt_no=back.original_no, kind=back.kind
        ),
        returns=[
            ReturnLink(
                id=each.receipt_id, receipt_no=each.receipt_no, kind=each.kind, sold_at=each.sold_at, zone=each.zone,
                store=each.store, total_minor=each.total_minor,
            )
            for each in back.returns
        ],
    )  # fmt: skip


def _member(of: Member) -> Buyer:
    return Buyer(id=of.id, number=of.number, name=f"{of.given_name} {of.family_name}".strip())


class Saving(Protocol):
    """What a membership would have saved."""

    @property
    def club(self) -> str: ...
    @property
    def names(self) -> dict[str, str]: ...
    @property
    def amount_minor(self) -> int: ...


def savings_view(missed: Saving, *, currency: str) -> ClubSavings:
    """What a membership would have saved, in words."""
    name = localised(missed.names)
    amount = money_text(missed.amount_minor, currency, LANGUAGE.get())
    words = say(T("A member of %(club)s would save %(amount)s on this purchase.", club=isolated(name), amount=amount))
    return ClubSavings(club=missed.club, name=name, amount_minor=missed.amount_minor, words=words)


def discounts_by_number(given: GivenRows) -> dict[int, list[LineDiscount]]:
    """What offers took off each line of a receipt, by its number."""
    names = {each.code: localised(each.names) for each in given.offers}
    made: dict[int, list[LineDiscount]] = {}
    for each in given.discounts:
        told = LineDiscount(
            offer=each.offer,
            name=names[each.offer],
            amount_minor=each.amount_minor,
            quantity=quantity_text(each.units_milli),
        )
        made.setdefault(each.line_no, []).append(told)
    return made


def rows_view(rows: Iterable[ReceiptRow]) -> list[PurchaseRow]:
    """Receipts for a list."""
    return [
        PurchaseRow(
            id=row.id, receipt_no=row.receipt_no, sold_at=row.sold_at, zone=row.zone, store=row.store,
            store_code=row.store_code, customer=_buyer(row), lines=row.lines, list_minor=row.list_minor,
            total_minor=row.total_minor, rounding_minor=row.rounding_minor,
        )
        for row in rows
    ]  # fmt: skip


def _buyer(row: ReceiptRow) -> Buyer | None:
    return Buyer(id=row.customer_id, number=row.customer_number, name=row.customer) if row.customer_id else None


def counted(act: Act, state: ListState, filters: ReceiptFilters) -> ListState:
    """The state of a list of receipts once they are counted."""
    return state.counted(queries.count(act.session, filters, most=COUNTED + 1), most=COUNTED)


def customer_purchases_view(act: Act, customer_id: int) -> CustomerPurchases:
    """The page of a customer's purchases that the address asks for, the latest first where it doesn't say."""
    state = list_state(act.request, sorts=SORTS_OF_CUSTOMER, direction="desc")
    filters = receipts_within(act.by, ReceiptFilters(person_id=customer_id))
    state = counted(act, state, filters)
    rows = queries.listing(
        act.session, filters, sort=state.sort, descending=state.descending, offset=state.offset, limit=state.per_page
    )
    return CustomerPurchases(currency=act.chain.currency, state=state, purchases=rows_view(rows))


def year_view(act: Act, customer_id: int, year: int | None = None) -> YearOfPurchases:
    """A year of the customer by month, with the groups they spent most on.

    Without a year, or with one that holds nothing: the latest with purchases in two months, else the latest with any.
    """
    found = queries.months(act.session, customer_id)
    years = sorted({each.month.year for each in found})
    shown = year if year in years else shown_year(each.month for each in found)
    by_month = {each.month: each for each in found}
    firsts = [dt.date(shown, number, 1) for number in range(1, 13)] if shown else []
    months = [
        MonthOfPurchases(
            month=first,
            purchases=by_month[first].receipts if first in by_month else 0,
            total_minor=by_month[first].total_minor if first in by_month else 0,
        )
        for first in firsts
    ]
    groups = (
        queries.favourite_groups(act.session, customer_id, first=dt.date(shown, 1, 1), last=dt.date(shown, 12, 31))
        if shown
        else []
    )
    return YearOfPurchases(
        customer_id=customer_id,
        currency=act.chain.currency,
        year=shown,
        years=years,
        months=months,
        purchases=sum(each.purchases for each in months),
        total_minor=sum(each.total_minor for each in months),
        groups=[FavouriteGroup(name=g.name, purchases=g.receipts, total_minor=g.total_minor) for g in groups],
        words=[month(first) for first in firsts],
    )
