"""What the till's page shows, put together from the basket, the customer and the clubs: a fixed number of queries."""

import datetime as dt
import uuid
from decimal import Decimal

from pydantic import BaseModel, Field

from erp_club.clubs.queries import clubs_to_join, earning_memberships, memberships
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import Found
from erp_club.kernel.money import Rounding, round_div, to_text
from erp_club.points.rules import points_for
from erp_club.purchases.baskets import queries
from erp_club.purchases.baskets.commands import Entered
from erp_club.purchases.baskets.entry import new_customer
from erp_club.purchases.models import Basket
from erp_club.purchases.sale import rounding
from web.deps import Act
from web.views.clubs import Standing, standing
from web.views.slip import Slip, slip_view

PAID_SHOWN = dt.timedelta(minutes=15)
"""How long the page of a till stays on the receipt of the sale before."""


class TillLine(BaseModel):
    """A line of the basket; `price_minor` is for one unit."""

    line_no: int
    sku: str
    name: str
    quantity: str
    quantity_milli: int = Field(exclude=True)
    price_minor: int
    amount_minor: int


class PanelMembership(BaseModel):
    """A membership of the customer. `earns` is what this sale adds; `renewable`: it ended or ends soon."""

    membership_id: int
    names: dict[str, str]
    tone: str
    state: Standing
    state_on: dt.date | None
    valid_until: dt.date | None
    balance: int
    worth_minor: int
    currency: str
    earns: int
    renewable: bool


class PanelClub(BaseModel):
    """A club that the customer can join."""

    club_id: int
    names: dict[str, str]


class PanelPurchase(BaseModel):
    """One of the last purchases."""

    receipt_id: int
    sold_on: dt.date
    store: str
    total_minor: int


class Panel(BaseModel):
    """All that the till shows of a customer."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    mobile: str | None
    city: str | None
    card: str | None
    memberships: list[PanelMembership]
    clubs: list[PanelClub]
    recent: list[PanelPurchase]

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}".strip()


class HeldSale(BaseModel):
    """A sale on hold."""

    basket_id: uuid.UUID
    opened_at: dt.datetime
    customer: str
    items: int
    total_minor: int


class Choice(BaseModel):
    """One of several customers that an entry may mean."""

    customer_id: int
    number: str
    name: str
    mobile: str | None
    city: str | None


class PaidSale(BaseModel):
    """The sale before, until the next one begins. `tendered_minor` is there for cash."""

    receipt_id: int
    due_minor: int
    tendered_minor: int | None
    change_minor: int
    slip: Slip


class Offer(BaseModel):
    """What is known already of somebody who could be opened as new."""

    phone: str
    given_name: str
    family_name: str


class TillPage(BaseModel):
    """The till: the open basket, who buys, and what waits. `hot` is the line that was just changed."""

    basket_id: uuid.UUID | None
    lines: list[TillLine]
    hot: int | None
    items: int
    total_minor: int
    cash_rounding_minor: int
    customer: Panel | None
    choices: list[Choice]
    more_choices: bool
    offer: Offer | None
    held: list[HeldSale]
    paid: PaidSale | None
    idle_minutes: int


def till_view(act: Act, entered: Entered | None = None, *, typed: str = "") -> TillPage:
    """The till as it stands now, with what an entry did.

    `typed` is an entry that found nobody, from which a new customer may be offered.
    """
    entered = entered or Entered()
    terminal_id = act.terminal.id
    basket = queries.opened(act.session, terminal_id)
    paid = None if basket else queries.last_paid(act.session, terminal_id)
    lines = basket.lines if basket else []
    held = queries.held(act.session, terminal_id) if basket is None or basket.holding else []
    total = sum(line.line.amount_minor for line in lines)
    earning = sum(line.line.amount_minor for line in lines if line.line.earns)
    known = basket is not None and basket.customer_id != UNIDENTIFIED
    fresh = new_customer(typed)
    return TillPage(
        basket_id=basket.basket_id if basket else None,
        lines=[_line(line) for line in lines],
        hot=entered.line_no,
        items=queries.count_items([line.line.quantity_milli for line in lines]),
        total_minor=total,
        cash_rounding_minor=rounding(total, 0, act.chain.currency),
        customer=panel_view(act, basket.customer_id, earning_minor=earning) if basket and known else None,
        choices=[_choice(each) for each in entered.found],
        more_choices=entered.more,
        offer=Offer(phone=fresh.phone, given_name=fresh.given_name, family_name=fresh.family_name) if fresh else None,
        held=[_held(each) for each in held],
        paid=_paid(act, paid) if paid else None,
        idle_minutes=act.settings.till_idle_minutes,
    )


def panel_view(act: Act, customer_id: int, *, earning_minor: int = 0) -> Panel:
    """A customer as the till shows them. `earning_minor` is what of the sale earns points.

    Raises NotFound `customer-unknown`.
    """
    buyer = queries.buyer(act.session, customer_id)
    clubs = earning_memberships(act.session, customer_id, on=act.today)
    earns = {club.club_id: points_for(earning_minor, club.earn_points, club.earn_per_minor) for club in clubs}
    return Panel(
        customer_id=buyer.customer_id,
        number=buyer.number,
        given_name=buyer.given_name,
        family_name=buyer.family_name,
        mobile=buyer.mobile,
        city=buyer.city,
        card=buyer.card,
        memberships=[
            PanelMembership(
                membership_id=row.membership_id,
                names=row.names,
                tone=row.tone,
                state=standing(row, act.today),
                valid_until=row.valid_until,
                balance=row.balance,
                worth_minor=row.worth_minor,
                currency=row.currency,
                earns=earns.get(row.club_id, 0),
                state_on=row.state_on,
                renewable=standing(row, act.today) in {"ends_soon", "expired"} and row.valid_until is not None,
            )
            for row in memberships(act.session, customer_id, today=act.today)
        ],
        clubs=[PanelClub(club_id=club.id, names=club.names) for club in clubs_to_join(act.session, customer_id)],
        recent=[
            PanelPurchase(receipt_id=row.receipt_id, sold_on=row.sold_on, store=row.store, total_minor=row.total_minor)
            for row in queries.recent_purchases(act.session, customer_id)
        ],
    )


def _line(line: queries.Line) -> TillLine:
    milli = line.line.quantity_milli
    return TillLine(
        line_no=line.line_no,
        sku=line.sku,
        name=line.name,
        quantity=f"{(Decimal(milli) / 1000).normalize():f}",
        quantity_milli=milli,
        price_minor=line.price_minor,
        amount_minor=line.line.amount_minor,
    )


def _choice(found: Found) -> Choice:
    return Choice(
        customer_id=found.customer_id,
        number=found.number,
        name=f"{found.given_name} {found.family_name}".strip(),
        mobile=found.mobile,
        city=found.city,
    )


def _held(held: queries.Held) -> HeldSale:
    return HeldSale(
        basket_id=held.basket_id,
        opened_at=held.opened_at,
        customer=f"{held.given_name} {held.family_name}".strip(),
        items=held.items,
        total_minor=held.total_minor,
    )


def _paid(act: Act, basket: Basket) -> PaidSale | None:
    """The sale just paid: shown to whoever took the money, for a while."""
    assert basket.receipt_id is not None
    assert basket.paid_at is not None
    if basket.staff_id != act.by.staff_id or act.now - basket.paid_at > PAID_SHOWN:
        return None
    slip = slip_view(act, basket.receipt_id)
    due = slip.total_minor + slip.rounding_minor
    change = basket.tendered_minor - due if basket.tendered_minor is not None else 0
    return PaidSale(
        receipt_id=basket.receipt_id,
        due_minor=due,
        tendered_minor=basket.tendered_minor,
        change_minor=change,
        slip=slip,
    )


NOTES_MINOR = {
    "ILS": (2000, 5000, 10000, 20000),
    "EUR": (500, 1000, 2000, 5000, 10000),
    "SEK": (2000, 5000, 10000, 20000, 50000),
}
"""Banknotes in common use at a till."""
MOST_NOTES = 4


class Note(BaseModel):
    """An amount that somebody may well hand over."""

    minor: int
    text: str


class PaymentPage(BaseModel):
    """What is to be paid: by card to the last unit, in cash rounded."""

    total_minor: int
    rounding_minor: int
    cash_minor: int
    notes: list[Note]


def payment_view(act: Act) -> PaymentPage | None:
    """What the open basket costs; None for an empty one."""
    basket = queries.opened(act.session, act.terminal.id)
    if basket is None or not basket.lines:
        return None
    total = sum(line.line.amount_minor for line in basket.lines)
    rounded = rounding(total, 0, act.chain.currency)
    cash = total + rounded
    return PaymentPage(
        total_minor=total,
        rounding_minor=rounded,
        cash_minor=cash,
        notes=[Note(minor=minor, text=to_text(minor)) for minor in likely_notes(cash, act.chain.currency)],
    )


def likely_notes(due_minor: int, currency: str) -> list[int]:
    """What is likely handed over for an amount: for each banknote the fewest of it that cover the amount."""
    notes = NOTES_MINOR.get(currency, ())
    sums = {round_div(due_minor, note, Rounding.UP) * note for note in notes}
    return sorted(minor for minor in sums if minor > due_minor)[:MOST_NOTES]
