"""A sale as facts: what was bought, for whom, how it was paid, and what that sums to. Pure: no database.

**Cash rounding.** What is paid by card, or with a prepaid or gift card, is paid to the last unit. What remains is paid
in cash and rounded to the smallest coin (`kernel.money.CASH_STEP_MINOR`); the difference is an amount of its own, earns
nothing, and changes neither lines nor total.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cached_property

from erp_club.kernel.errors import Conflict, FieldError, Invalid, Refused
from erp_club.kernel.money import Rounding, cash_rounding, round_div
from erp_club.kernel.text import T
from erp_club.receipts.kinds import Means
from erp_club.stored_value.numbers import CardKey

MOST_LINES = 2_000
MOST_MINOR = 100_000_000_000
"""No receipt comes to more than 1,000,000,000.00; a larger one is a slip of the finger or of a program."""
LATEST = dt.timedelta(minutes=5)
"""How far a till's clock may be ahead of ours."""
OLDEST = dt.timedelta(days=31)
"""How long a till may have been offline. Older receipts come as a file, where earning is a choice."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line. Amounts are for the whole line with VAT, before and after discounts; `earns`: its product earns.

    `regular_minor`, where a `price_list` made another list amount of it; `tax_minor`, where the rate makes another of
    the amount. `added`: a gift that nobody scanned.
    """

    product_id: int
    quantity_milli: int
    list_minor: int
    amount_minor: int
    vat_bp: int
    earns: bool
    regular_minor: int | None = None
    price_list: str | None = None
    tax_minor: int | None = None
    added: bool = False


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """What an offer took off a line (numbered from 1), and of how many of its units in thousandths."""

    line_no: int
    offer: str
    amount_minor: int
    units_milli: int


@dataclass(frozen=True, slots=True)
class GivenOffer:
    """What an offer gave in a sale, in the version that priced it; `amount_minor` is what its discounts sum to."""

    offer: str
    version: int
    times: int
    amount_minor: int
    points: int = 0
    points_used: int = 0
    coupon: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """All that offers gave in a sale, and what a membership of a club would have saved (club, minor units)."""

    offers: tuple[GivenOffer, ...] = ()
    discounts: tuple[LineDiscount, ...] = ()
    missed: tuple[int, int] | None = None


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class Payment:
    """What one means paid, above 0; `card` is the prepaid or gift card that did, `card_number` its end.

    `called` is the chain's own name of a means that is handled as a bank card.
    """

    means: Means
    amount_minor: int
    card: tuple[int, int] | None = None
    card_number: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        """The means as rules name it."""
        return self.called or self.means.value


@dataclass(frozen=True)
class Sale:
    """A sale as it is posted. `sold_on` is the store's date of `sold_at`; `customer_id` 0 is nobody known.

    Its sums are made once, however often they are asked for.
    """

    store_id: int
    terminal_id: int | None
    receipt_no: str
    sold_at: dt.datetime
    sold_on: dt.date
    customer_id: int
    lines: tuple[SaleLine, ...]
    payments: tuple[Payment, ...]
    currency: str
    given: Given = NOTHING_GIVEN

    @cached_property
    def is_plain(self) -> bool:
        """Whether neither an offer nor a price list has touched it, so that its receipt is lines and payments alone."""
        return self.given is NOTHING_GIVEN and not any(line.price_list or line.added for line in self.lines)

    @cached_property
    def list_minor(self) -> int:
        """What the lines would cost without discounts."""
        return sum(line.list_minor for line in self.lines)

    @cached_property
    def total_minor(self) -> int:
        """What the lines cost."""
        return sum(line.amount_minor for line in self.lines)

    @cached_property
    def earning_minor(self) -> int:
        """What was paid for products that earn points."""
        return sum(line.amount_minor for line in self.lines if line.earns)

    @cached_property
    def rounding_minor(self) -> int:
        """What cash rounding adds to the total, or, below zero, takes from it."""
        return rounding(self.total_minor, self.exact_minor, self.currency)

    @cached_property
    def exact_minor(self) -> int:
        """What was paid by means that pay to the last unit: all but cash."""
        return sum(payment.amount_minor for payment in self.payments if payment.means is not Means.CASH)

    def paid_minor(self, means: Means) -> int:
        """What was paid by one means."""
        return sum(payment.amount_minor for payment in self.payments if payment.means is means)


def rounding(total_minor: int, exact_minor: int, currency: str) -> int:
    """The cash rounding of a total of which this much is paid to the last unit: only the rest is rounded."""
    return cash_rounding(total_minor - exact_minor, currency)


def line_amount(price_minor: int, quantity_milli: int) -> int:
    """The price of a quantity in thousandths; halves go up."""
    return round_div(price_minor * quantity_milli, 1000, Rounding.HALF_UP)


def check(sale: Sale, *, now: dt.datetime) -> None:
    """Whether the sale may be posted.

    Raises Invalid for a basket or time that can't be, Refused `payments-differ` (facts: `total_minor`, and what would
    be due wholly in cash and wholly by card) where the payments don't cover the total exactly.
    """
    errors: list[FieldError] = []
    if not sale.lines:
        errors.append(FieldError("lines", T("The basket is empty. Add at least one item.")))
    if len(sale.lines) > MOST_LINES:
        errors.append(FieldError("lines", T("A receipt has at most %(most)s lines. Split the sale.", most=MOST_LINES)))
    if max(sale.list_minor, sale.total_minor) > MOST_MINOR:
        errors.append(FieldError("lines", T("This total is too large to be true. Check the quantities.")))
    if errors:
        raise Invalid(errors)
    check_time(sale.sold_at, now=now)
    _check_payments(sale)


def check_time(sold_at: dt.datetime, *, now: dt.datetime) -> None:
    """Raises Invalid for a sale in the future or too long ago."""
    if sold_at > now + LATEST:
        raise Invalid([FieldError("sold_at", T("This time is in the future. Check the till's clock."))])
    if sold_at < now - OLDEST:
        text = T("This sale is more than %(days)s days old. Import it from a file instead.", days=OLDEST.days)
        raise Invalid([FieldError("sold_at", text)])


def _check_payments(sale: Sale) -> None:
    total, exact, in_cash = sale.total_minor, sale.exact_minor, sale.paid_minor(Means.CASH)
    covered = in_cash == total - exact + sale.rounding_minor
    # Without cash nothing is rounded, unless there is nothing to pay at all: 0.04 in cash is 0.00.
    if not covered or (not in_cash and exact not in {0, total}):
        raise Refused(
            T("The payments don't cover the total exactly. Check what is paid in cash and by card."),
            field="payments",
            code="payments-differ",
            facts={
                "total_minor": total,
                "due_minor": {"cash": total + rounding(total, 0, sale.currency), "card": total},
                "paid_minor": {"cash": in_cash, "card": sale.paid_minor(Means.CARD)},
            }
            | _given_by_cards(sale),
        )


def _given_by_cards(sale: Sale) -> dict[str, object]:
    """What each prepaid or gift card would give, and what is due then beside what else was said to be paid."""
    cards = [payment for payment in sale.payments if payment.card is not None]
    if not cards:
        return {}
    rest = sale.total_minor - sum(payment.amount_minor for payment in sale.payments)
    return {
        "cards": [{"card": payment.card_number, "amount_minor": payment.amount_minor} for payment in cards],
        "rest_minor": {"cash": rest + rounding(rest, 0, sale.currency), "card": rest},
    }


def check_expected(sale: Sale, expected_total_minor: int | None) -> None:
    """Raises Conflict `total-changed` where the till shows its customer another total than ours."""
    if expected_total_minor is not None and expected_total_minor != sale.total_minor:
        raise Conflict(
            T("The prices have changed: the total isn't what the till expected. Show the new total and ask again."),
            code="total-changed",
            facts={"total_minor": sale.total_minor, "expected_total_minor": expected_total_minor},
        )


def content_hash(sale: Sale) -> bytes:
    """What tells a receipt from another one under the same number."""
    return receipt_hash(
        sale.sold_at,
        sale.customer_id,
        [(line.product_id, line.quantity_milli, line.list_minor, line.amount_minor) for line in sale.lines],
    )


def receipt_hash(sold_at: dt.datetime, customer_id: int, lines: list[tuple[int, int, int, int]]) -> bytes:
    """SHA-256 of a receipt's content; lines are (product, quantity in thousandths, list amount, amount) in order."""
    told = f"{sold_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}|{customer_id}|" + ",".join(
        f"{product}:{quantity}:{before}:{after}" for product, quantity, before, after in lines
    )
    return hashlib.sha256(told.encode()).digest()


@dataclass(frozen=True, slots=True)
class CardClaim:
    """A card that pays, whose number and PIN are proven; without an amount it gives what is still due.

    `field` is where it stands in the request, for a refusal.
    """

    key: CardKey
    amount_minor: int | None = None
    field: str = "payments"


@dataclass(frozen=True, slots=True)
class CardToSell:
    """A card that is sold, or loaded, with an article of the sale.

    The number is that of a card that lies ready, or of a prepaid card to load; without one a card is made, with the PIN
    that the customer chooses. Without an amount it takes the article's price, or the whole line if it is the only one.
    """

    sku: str
    amount_minor: int | None = None
    number: str | None = None
    pin: str | None = None
    pin_hash: str | None = None
