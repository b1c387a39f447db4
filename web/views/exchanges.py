"""An exchange as tills and people see it: what comes back, what is bought, and the one difference that is settled."""

from pydantic import BaseModel

from erp_club.purchases.exchanges.commands import Exchanged
from web.deps import Act
from web.views.moved import PurchasePoints
from web.views.posted import purchase_of
from web.views.purchases import PurchaseLine
from web.views.returns import RefundedPart, ReturnView, return_view
from web.views.value_cards import PurchasePayment


class ExchangedSale(BaseModel):
    """The new goods, and what pays for them: what goods that came back are worth is among the payments."""

    id: int | None
    receipt_no: str
    customer_id: int | None
    lines: list[PurchaseLine]
    discount_minor: int
    total_minor: int
    rounding_minor: int
    payments: list[PurchasePayment]
    earned: list[PurchasePoints]
    spent: list[PurchasePoints]


class ExchangeView(BaseModel):
    """An exchange, booked or (with `preview`) as it would be.

    `settlement` is what changes hands by each means, and `due_minor` its sum: above zero the customer pays it, below
    zero the customer gets it. `change_minor` goes back of the cash that was handed over.
    """

    preview: bool
    receipt_no: str
    currency: str
    returned: ReturnView
    sold: ExchangedSale
    settlement: list[RefundedPart]
    due_minor: int
    change_minor: int


class ExchangePage(BaseModel):
    """The dialog of an exchange before it is booked: the receipt whose goods come back, and what it comes to."""

    id: int
    of_receipt: str
    exchange: ExchangeView


def exchange_view(act: Act, made: Exchanged) -> ExchangeView:
    """The view of an exchange."""
    returned, sold = return_view(act, made.returned), purchase_of(made.sold)
    return ExchangeView(
        preview=returned.preview,
        receipt_no=sold.receipt_no,
        currency=act.chain.currency,
        returned=returned,
        sold=ExchangedSale(
            id=None if returned.preview else sold.id,
            receipt_no=sold.receipt_no,
            customer_id=sold.customer_id,
            lines=sold.lines,
            discount_minor=sold.discount_minor,
            total_minor=sold.total_minor,
            rounding_minor=sold.rounding_minor,
            payments=sold.payments,
            earned=sold.earned,
            spent=sold.spent,
        ),
        settlement=[RefundedPart(means=means, amount_minor=minor) for means, minor in made.settlement.items()],
        due_minor=made.due_minor,
        change_minor=made.change_minor,
    )
