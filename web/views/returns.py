"""A return as tills and people see it: what comes back, what it pays and by which means, points and coupons."""

import datetime as dt
from collections.abc import Iterable

from pydantic import BaseModel, Field, computed_field

from erp_club.clubs.levels.queries import names_of_clubs
from erp_club.permissions.catalog import Permission
from erp_club.points.rules import Clawback
from erp_club.points.units import Unit
from erp_club.purchases.baskets import queries as baskets
from erp_club.purchases.returns.commands import Returned
from erp_club.purchases.returns.queries import standing
from erp_club.purchases.returns.settling import Settled
from erp_club.receipts import queries
from erp_club.receipts.kinds import Means, ReturnKind
from erp_club.receipts.queries import ReceiptRecord
from erp_club.stored_value.numbers import masked
from erp_club.stored_value.queries import held_cards
from web.deps import Act
from web.formats import localised, localised_word
from web.views.moved import Buyer
from web.views.purchases import quantity_text


class ReturnedPart(BaseModel):
    """A part of a line that comes back; amounts above zero, as they are paid back. `line_no` is the sale's."""

    line_no: int
    product_id: int
    name: str
    quantity_milli: int = Field(exclude=True)
    list_minor: int
    discount_minor: int
    amount_minor: int
    tax_minor: int

    @computed_field
    @property
    def quantity(self) -> str:
        """The quantity as a decimal."""
        return quantity_text(self.quantity_milli)


class RefundedCard(BaseModel):
    """What comes back onto one of the cards that had paid, and what is on it then."""

    card: str
    amount_minor: int
    balance_minor: int


class RefundedPart(BaseModel):
    """What one means pays back, cash rounding included; one that the chain names itself by its name."""

    means: str
    amount_minor: int


class ReturnedPoints(BaseModel):
    """What becomes of a club's points. `taken_back` goes from the account, `given_back` comes to it.

    `missing` of what is due was spent already: of it `owed` becomes a debt, `paid` is deducted from the refund,
    `written_off` is forgiven. `reclaimed` was forgiven by a former return, and is taken from what is given back; it is
    among `taken_back`. `rule` is what the club does with it.
    """

    club: str
    name: str
    taken_back: int
    given_back: int
    missing: int
    owed: int
    paid: int
    written_off: int
    reclaimed: int
    deducted_minor: int
    rule: Clawback
    balance: int
    unit: Unit


class ReturnedCoupon(BaseModel):
    """A coupon that was used for the sale, and whether its use comes back."""

    code: str
    name: str
    given_back: bool


class IssuedBack(BaseModel):
    """A coupon for the next purchase that came with the sale; `blocked`: by this, as it hadn't been used up yet."""

    code: str
    name: str
    blocked: bool


class TurnedLevel(BaseModel):
    """A membership that the return puts on another level; null is no level."""

    club: str
    name: str
    before: str | None
    level: str | None
    up: bool


class ReturnView(BaseModel):
    """A return, booked or (with `preview`) as it would be. `total_minor` is what the goods had cost.

    `paid_back_minor` goes out: the total less what is deducted for points and what was given back onto a card by hand
    before (`by_hand_minor`), with cash rounding. `levels` are those that change with it.
    """

    id: int | None
    preview: bool
    kind: ReturnKind
    receipt_no: str
    original_id: int | None
    currency: str
    lines: list[ReturnedPart]
    total_minor: int
    deducted_minor: int
    by_hand_minor: int
    rounding_minor: int
    paid_back_minor: int
    refunds: list[RefundedPart]
    onto_cards: list[RefundedCard]
    points: list[ReturnedPoints]
    coupons: list[ReturnedCoupon]
    issued: list[IssuedBack]
    levels: list[TurnedLevel]


class ReturnableLine(BaseModel):
    """A line of a receipt, and how much of it is left to return."""

    line_no: int
    sku: str
    name: str
    quantity_milli: int = Field(exclude=True)
    left_milli: int = Field(exclude=True)
    amount_minor: int

    @computed_field
    @property
    def quantity(self) -> str:
        """How much was sold."""
        return quantity_text(self.quantity_milli)

    @computed_field
    @property
    def left(self) -> str:
        """How much of it can still come back."""
        return quantity_text(self.left_milli)


class ReturnPage(BaseModel):
    """The form of a return: the receipt, what is left of it, and what the asked lines come to, once that is known."""

    id: int
    receipt_no: str
    store: str
    sold_at: dt.datetime
    zone: str = Field(exclude=True)
    currency: str
    customer: Buyer | None
    lines: list[ReturnableLine]
    preview: ReturnView | None
    may_cancel: bool
    may_exchange: bool

    def chosen(self, line: ReturnableLine) -> str:
        """How much of a line stands in the form: what the preview shows, else nothing."""
        shown = self.preview.lines if self.preview else []
        return next((each.quantity for each in shown if each.line_no == line.line_no), "0")

    @property
    def is_left(self) -> bool:
        """Whether anything can still be returned."""
        return any(line.left_milli > 0 for line in self.lines)


def return_view(act: Act, made: Returned) -> ReturnView:
    """The view of a return."""
    receipt = made.receipt
    names = {row.product_id: row.name for row in _products(act, made)}
    cash = receipt.rounding_minor
    refunds = [
        RefundedPart(
            means=e.name,
            amount_minor=e.amount_minor + (cash if e.means is Means.CASH else 0),
        )
        for e in receipt.refunds
    ]
    back = {(each.customer_id, each.coupon_id) for each in made.coupons}
    return ReturnView(
        id=made.receipt_id,
        preview=made.receipt_id is None,
        kind=receipt.kind,
        receipt_no=receipt.receipt_no,
        original_id=receipt.original_id,
        currency=act.chain.currency,
        lines=[
            ReturnedPart(
                line_no=each.line.line_no, product_id=each.line.product_id, name=names[each.line.product_id],
                quantity_milli=each.quantity_milli, list_minor=each.list_minor,
                discount_minor=each.list_minor - each.amount_minor, amount_minor=each.amount_minor,
                tax_minor=each.tax_minor,
            )
            for each in made.reckoned.lines
        ],
        total_minor=receipt.total_minor,
        deducted_minor=made.deducted_minor,
        by_hand_minor=made.by_hand_minor,
        rounding_minor=receipt.rounding_minor,
        paid_back_minor=sum(each.amount_minor for each in refunds),
        refunds=refunds,
        onto_cards=_onto_cards(act, made),
        points=_points(made.points),
        coupons=[
            ReturnedCoupon(
                code=each.code, name=localised(dict(each.names)), given_back=(each.customer_id, each.coupon_id) in back
            )
            for each in made.used_coupons
        ],
        issued=[
            IssuedBack(code=each.code, name=localised(dict(each.names)), blocked=each.usable) for each in made.issued
        ],
        levels=_levels(act, made),
    )  # fmt: skip


def _onto_cards(act: Act, made: Returned) -> list[RefundedCard]:
    held = held_cards(act.session, {each.card for each in made.onto_cards})
    return [
        RefundedCard(
            card=masked(held[each.card].number), amount_minor=each.amount_minor, balance_minor=each.balance_minor
        )
        for each in made.onto_cards
    ]


def _levels(act: Act, made: Returned) -> list[TurnedLevel]:
    named = names_of_clubs(act.session, {each.membership_id for each in made.turned})
    told: list[TurnedLevel] = []
    for each in made.turned:
        of = named[each.membership_id]
        before, level = (localised_word(code or None, of.levels) for code in (each.before, each.level))
        told.append(TurnedLevel(club=of.code, name=localised(of.names), before=before, level=level, up=each.up))
    return told


def _products(act: Act, made: Returned) -> Iterable[queries.ProductName]:
    return queries.product_names(act.session, {each.line.product_id for each in made.reckoned.lines})


def _points(settled: Iterable[Settled]) -> list[ReturnedPoints]:
    return [
        ReturnedPoints(
            club=each.account.club, name=localised(dict(each.account.names)), taken_back=each.taken + each.from_lost,
            given_back=each.given_back, missing=each.missing, owed=each.owed, paid=each.paid + each.repaid,
            written_off=each.written_off, reclaimed=each.reclaimed, deducted_minor=each.deducted_minor,
            rule=each.clawback, balance=each.balance, unit=each.account.unit,
        )
        for each in settled
        if each.due or each.given_back
    ]  # fmt: skip


def return_page_view(act: Act, receipt_id: int, preview: ReturnView | None = None) -> ReturnPage:
    """The receipt with what is left of it. Raises NotFound."""
    found: ReceiptRecord = queries.receipt(act.session, receipt_id)
    row = found.row
    back = standing(act.session, row.customer_id, receipt_id)
    nothing_back = not back.returned_milli and back.kind is None
    return ReturnPage(
        id=row.id,
        receipt_no=row.receipt_no,
        store=row.store,
        sold_at=row.sold_at,
        zone=row.zone,
        currency=act.chain.currency,
        customer=Buyer(id=row.customer_id, number=row.customer_number, name=row.customer) if row.customer_id else None,
        lines=[
            ReturnableLine(
                line_no=line.line_no, sku=line.sku, name=line.name, quantity_milli=line.quantity_milli,
                left_milli=0
                if back.kind is not None
                else max(line.quantity_milli, 0) - back.returned_milli.get(line.line_no, 0),
                amount_minor=line.amount_minor,
            )
            for line in found.lines
        ],
        preview=preview,
        may_cancel=nothing_back and _is_of_today(act, row.store_id, found),
        may_exchange=_sells(act),
    )  # fmt: skip


def _sells(act: Act) -> bool:
    """Whether the till has goods in its open basket that what comes back may be exchanged for."""
    if act.identity.terminal is None or not act.by.may(Permission.SALES_POST):
        return False
    opened = baskets.opened(act.session, act.terminal.id)
    return opened is not None and bool(opened.lines)


def _is_of_today(act: Act, store_id: int, found: ReceiptRecord) -> bool:
    here = act.identity.terminal
    return (here is None or here.store_id == store_id) and found.row.sold_on == act.today
