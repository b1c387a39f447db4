"""Filling, holding and paying the basket of a till.

Every command locks the terminal's row first, so that what one till sends at once happens one after the other.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.kernel import audit
from erp_club.organisation.models import Terminal
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons.commands import release
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import errors, paying, queries
from erp_club.purchases.baskets.buyers import change_buyer
from erp_club.purchases.baskets.entry import checked_quantity
from erp_club.purchases.baskets.paying import Tenders, beside_card, check_card_pays, claims_of, priced_as_paid
from erp_club.purchases.baskets.pricing import asked_of
from erp_club.purchases.commands import Posted, Sold, settle
from erp_club.purchases.credit import NO_CREDIT, Credit
from erp_club.purchases.entitlements import errors as entitlements
from erp_club.purchases.entitlements.commands import release_uses, uses_paid
from erp_club.purchases.facts import paid_so
from erp_club.purchases.fees import errors as fees
from erp_club.purchases.fees.commands import Day, cancel_fees, check_fees, fees_paid
from erp_club.purchases.kinds import BasketState
from erp_club.purchases.models import Basket, BasketLine
from erp_club.purchases.plans import paid_by_means
from erp_club.purchases.pricing import price_gathered
from erp_club.purchases.quotes.commands import sale_key
from erp_club.purchases.room.queries import check_room
from erp_club.purchases.settled import sale_of
from erp_club.receipts.kinds import Means


@dataclass(frozen=True, slots=True)
class Paid:
    """A basket's receipt, and for cash what was handed over and what goes back."""

    sold: Sold
    tendered_minor: int | None
    change_minor: int

    @property
    def posted(self) -> Posted:
        """What was written of the sale."""
        return self.sold.posted


def take(session: Session, *, now: dt.datetime, by: Actor) -> Basket:
    """The terminal's open basket, begun where there is none, behind the terminal's lock."""
    terminal_id = _terminal_id(by)
    session.execute(_LOCK, {"terminal": terminal_id})
    basket = queries.open_basket(session, terminal_id)
    if basket is None:
        basket = Basket(
            id=uuid.uuid4(),
            terminal_id=terminal_id,
            state=BasketState.OPEN,
            customer_id=UNIDENTIFIED,
            staff_id=by.staff_id,
            opened_at=now,
            last_line=0,
        )
        session.add(basket)
        session.flush()
    return basket


def add_product(session: Session, product_id: int, quantity_milli: int, *, now: dt.datetime, by: Actor) -> int:
    """Add so much of a product to the open basket, to its line where it has one; gives the line's number.

    Raises Refused `quantity` for more than can be right, and as `check_room`.
    """
    basket = take(session, now=now, by=by)
    added = {"basket": basket.id, "no": basket.last_line + 1, "product": product_id, "milli": quantity_milli}
    line_no, held_milli = session.execute(_ADD, added).one()
    checked_quantity(held_milli)
    if line_no > basket.last_line:
        basket.last_line = line_no
        session.flush()
    check_room(session, basket.id)
    return line_no


def set_customer(
    session: Session, customer_id: int, *, card_id: int | None = None, now: dt.datetime, by: Actor
) -> None:
    """Identify the customer of the open basket, by a card where one was shown. Raises NotFound `customer-unknown`.

    What the customer's birthday plans let a till use by itself is entered; the cashier may take it out again.
    """
    buyer = queries.buyer(session, customer_id)
    basket = take(session, now=now, by=by)
    if basket.customer_id not in {buyer.customer_id, UNIDENTIFIED}:
        _free(session, basket, now=now, by=by)
    if card_id is not None or basket.customer_id != buyer.customer_id:
        basket.card_id = card_id
    if basket.customer_id != buyer.customer_id:
        change_buyer(session, basket, buyer.customer_id, now=now)
    basket.customer_id = buyer.customer_id
    session.flush()


def remove_customer(session: Session, *, now: dt.datetime, by: Actor) -> None:
    """Make the open basket one of an unknown customer again."""
    basket = take(session, now=now, by=by)
    _free(session, basket, now=now, by=by)
    change_buyer(session, basket, UNIDENTIFIED, now=now)
    basket.customer_id, basket.card_id = UNIDENTIFIED, None
    session.flush()


def current_customer(session: Session, *, by: Actor) -> int:
    """The customer of the open basket. Raises Conflict `customer-needed` where nobody is identified."""
    basket = queries.open_basket(session, _terminal_id(by))
    if basket is None or basket.customer_id == UNIDENTIFIED:
        raise errors.no_customer()
    return basket.customer_id


def last_receipt_id(session: Session, *, by: Actor) -> int:
    """The receipt that the terminal was paid for last. Raises Conflict where it hasn't sold anything."""
    basket = queries.last_paid(session, _terminal_id(by))
    if basket is None or basket.receipt_id is None:
        raise errors.no_receipt_yet()
    return basket.receipt_id


def set_quantity(session: Session, line_no: int, quantity_milli: int, *, now: dt.datetime, by: Actor) -> None:
    """Set a line's quantity in thousandths; 0 removes the line.

    Raises NotFound `line-gone`, Refused `quantity`.
    """
    line = _line(session, line_no, now=now, by=by)
    _set(session, line, quantity_milli, now=now, by=by)


def change_quantity(session: Session, line_no: int, change_milli: int, *, now: dt.datetime, by: Actor) -> None:
    """Add to a line's quantity, or with a change below 0 take from it; nothing left removes the line.

    Raises NotFound `line-gone`, Refused `quantity`.
    """
    line = _line(session, line_no, now=now, by=by)
    _set(session, line, max(line.quantity_milli + change_milli, 0), now=now, by=by)


def remove_line(session: Session, line_no: int, *, now: dt.datetime, by: Actor) -> None:
    """Take a line out of the basket. Raises NotFound `line-gone`."""
    set_quantity(session, line_no, 0, now=now, by=by)


def start_next(session: Session, *, now: dt.datetime, by: Actor) -> None:
    """Begin the next sale: what was shown of the last one has been seen."""
    take(session, now=now, by=by)


def hold(session: Session, *, total_minor: int | None = None, now: dt.datetime, by: Actor) -> None:
    """Lay the open basket aside, with its customer and what it comes to, and begin the next.

    Raises Conflict `basket-empty`.
    """
    basket, _ = _filled(session, now=now, by=by)
    basket.state, basket.held_minor = BasketState.HELD, total_minor
    session.flush()
    start_next(session, now=now, by=by)


def resume(
    session: Session, basket_id: uuid.UUID, *, total_minor: int | None = None, now: dt.datetime, by: Actor
) -> None:
    """Take a held or dropped sale up again; an open one that isn't empty is held instead, at `total_minor`.

    Raises NotFound `basket-gone` for one that was paid or taken up already, or is another till's.
    """
    terminal_id = _terminal_id(by)
    opened = take(session, now=now, by=by)
    basket = session.get(Basket, basket_id, populate_existing=True)
    if basket is None or basket.terminal_id != terminal_id:
        raise errors.basket_gone()
    if basket.id == opened.id:
        return
    if basket.state not in {BasketState.HELD, BasketState.DROPPED}:
        raise errors.basket_gone()
    if queries.lines(session, opened.id):
        opened.state, opened.held_minor = BasketState.HELD, total_minor
    else:
        session.delete(opened)
    session.flush()  # only one basket of a terminal may be open at any moment
    basket.state = BasketState.OPEN
    session.flush()


def drop(session: Session, *, now: dt.datetime, by: Actor) -> uuid.UUID:
    """Give the open basket up, begin the next, and return the old one's id, by which it can be resumed.

    Raises Conflict `basket-empty`.
    """
    basket, lines = _filled(session, now=now, by=by)
    basket.state = BasketState.DROPPED
    _free(session, basket, now=now, by=by)
    if basket.coupons:
        release(session, sale_key(basket.terminal_id, basket.id.hex))
    audit.record(
        session,
        by=by,
        now=now,
        action="basket.drop",
        entity="basket",
        entity_id=basket.id,
        before={"lines": len(lines), "total_minor": sum(line.line.amount_minor for line in lines)},
    )
    session.flush()
    start_next(session, now=now, by=by)
    return basket.id


def pay(
    session: Session,
    place: Place,
    *,
    means: Means,
    tendered_minor: int | None,
    expected_minor: int | None,
    currency: str,
    credit: Credit = NO_CREDIT,
    receipt_no: str | None = None,
) -> Paid:
    """Post the open basket as a sale: its cards pay what they can, one means the rest; the next entry begins a new one.

    `expected_minor` is the total that was seen, `credit` what goods that come back pay. Cash without `tendered_minor`
    is exact; by card it is the part in cash. Raises Conflict `basket-empty`, `total-changed`, and what its parts raise.
    """
    basket, opened = take(session, now=place.now, by=place.by), queries.opened(session, place.terminal.id)
    if opened is None or not opened.lines:
        raise errors.empty_basket()
    lines = opened.lines
    if in_cash := tendered_minor if means is Means.CARD and credit is NO_CREDIT else None:
        credit = beside_card(in_cash, currency)
    claims = claims_of(session, basket)
    beside = (Means.STORED_VALUE.value,) if claims else ()
    asked = asked_of(place.terminal, opened, means=tuple(dict.fromkeys((*beside, *credit.means, means.value))))
    tenders = Tenders(claims, credit, means, currency)
    made, price, paid = priced_as_paid(session, opened, asked, tenders, place)
    asked, gathered, total = made.asked, made.gathered, price.priced.total_minor
    if expected_minor is not None and expected_minor != total:
        raise errors.total_changed(total)
    if basket.fees:
        charged = {opened.lines[index].fee_id: fee.now_minor for index, fee in made.joining.items()}
        check_fees(session, basket, gathered.facts, price.priced, charged)
    if len(asked.means) > 1 and gathered.facts.plans:
        # What the cards give hangs on the total, and what is earned on what they give.
        gave = dict(paid_by_means(paid))
        known = tuple((each, gave.get(each, 0)) for each in asked.means if each != means.value)
        price = price_gathered(paid_so(gathered, known))
    check_card_pays(paid, beside_minor=in_cash)
    due = sum(each.amount_minor for each in paid if each.means is Means.CASH) - credit.cash_minor
    tendered = (max(due, 0) if tendered_minor is None else tendered_minor) if means is Means.CASH else None
    if tendered is not None and tendered < due:
        raise errors.too_little()
    number = receipt_no or next_receipt_no(session, basket.terminal_id)
    sale = sale_of(price, place, receipt_no=number, payments=paid, currency=currency)
    sold = settle(session, sale, price, asked, place, cards=paying.sold_of(basket))
    if any(line.is_bound for line in lines) or basket.fees:
        _memberships_paid(session, basket, sold.posted.receipt_id, [line.line_no for line in lines], place)
    _close(session, basket, sold.posted, tendered, now=place.now, by=place.by)
    return Paid(sold, tendered, tendered - max(due, 0) if tendered is not None else 0)


def _free(session: Session, basket: Basket, *, now: dt.datetime, by: Actor) -> None:
    """Take out of the basket what belongs to its customer's memberships: fees with what they were for, and uses."""
    if basket.fees:
        cancel_fees(session, basket, now=now, by=by)
    release_uses(session, basket)


def _memberships_paid(session: Session, basket: Basket, receipt_id: int, lines: Sequence[int], place: Place) -> None:
    """What the sale was to its customer's memberships is done: fees are paid, entitlements used."""
    day = Day(place.local.date(), place.now, place.by)
    fees_paid(session, basket, receipt_id, lines, on=day.today, now=place.now, by=place.by)
    uses_paid(session, basket, receipt_id, lines, day=day)


def _terminal_id(by: Actor) -> int:
    if by.terminal_id is None:
        raise errors.not_at_a_till()
    return by.terminal_id


def _filled(session: Session, *, now: dt.datetime, by: Actor) -> tuple[Basket, list[queries.Line]]:
    basket = take(session, now=now, by=by)
    lines = queries.lines(session, basket.id)
    if not lines:
        raise errors.empty_basket()
    return basket, lines


def _line(session: Session, line_no: int, *, now: dt.datetime, by: Actor) -> BasketLine:
    basket = take(session, now=now, by=by)
    line = session.get(BasketLine, (basket.id, line_no), populate_existing=True)
    if line is None:
        raise errors.line_gone()
    return line


def _set(session: Session, line: BasketLine, quantity_milli: int, *, now: dt.datetime, by: Actor) -> None:
    if line.fee_id is not None:
        if quantity_milli:
            raise fees.one_of_it()
        cancel_fees(session, take(session, now=now, by=by), only=line.fee_id, now=now, by=by)
    elif line.use_id is not None:
        if quantity_milli:
            raise entitlements.one_of_it()
        release_uses(session, take(session, now=now, by=by), only=line.use_id)
    elif quantity_milli == 0:
        session.delete(line)
    else:
        line.quantity_milli = checked_quantity(quantity_milli)
        session.flush()
        check_room(session, line.basket_id)
    session.flush()


def start_receipt(session: Session, *, now: dt.datetime, by: Actor) -> str:
    """The number of the receipt that the open basket is about to get. Raises Conflict `basket-empty`."""
    basket, _ = _filled(session, now=now, by=by)
    return next_receipt_no(session, basket.terminal_id)


def next_receipt_no(session: Session, terminal_id: int) -> str:
    """`T3-000124`: the till's number keeps tills of a store apart. A number that a file brought is passed over."""
    while True:
        values = {"terminal": terminal_id}
        store_id, number, place = session.connection().execute(_NEXT_RECEIPT, values).one()
        receipt_no = f"T{number}-{place:06d}"
        if not queries.receipt_number_taken(session, store_id, receipt_no):
            return receipt_no


def _close(
    session: Session, basket: Basket, posted: Posted, tendered_minor: int | None, *, now: dt.datetime, by: Actor
) -> None:
    assert by.staff_id is not None
    basket.state = BasketState.PAID
    basket.receipt_id = posted.receipt_id
    basket.paid_at = now
    basket.tendered_minor = tendered_minor
    basket.sold_cards = []
    basket.staff_id = by.staff_id
    session.execute(sa.delete(BasketLine).where(BasketLine.basket_id == basket.id))
    session.flush()


_NEXT_RECEIPT = (
    sa.update(Terminal)
    .values(next_receipt=Terminal.next_receipt + 1)
    .where(Terminal.id == sa.bindparam("terminal", type_=sa.Integer))
    .returning(Terminal.store_id, Terminal.number, Terminal.next_receipt - 1)
)
# Built once, for every scan. FOR NO KEY UPDATE: rows that only refer to the terminal may be written meanwhile.
_LOCK = (
    sa.select(Terminal.id)
    .where(Terminal.id == sa.bindparam("terminal", type_=sa.Integer))
    .with_for_update(key_share=True)
)
_NEW_LINE = insert(BasketLine).values(
    basket_id=sa.bindparam("basket", type_=sa.Uuid),
    line_no=sa.bindparam("no", type_=sa.Integer),
    product_id=sa.bindparam("product", type_=sa.BigInteger),
    quantity_milli=sa.bindparam("milli", type_=sa.BigInteger),
)
_ADD = _NEW_LINE.on_conflict_do_update(
    index_elements=[BasketLine.basket_id, BasketLine.product_id],
    index_where=BasketLine.price_minor.is_(None),
    set_={"quantity_milli": BasketLine.quantity_milli + _NEW_LINE.excluded.quantity_milli},
).returning(BasketLine.line_no, BasketLine.quantity_milli)
