"""Goods that come back without a receipt: by permission or with somebody's approval, at today's price or less."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field, field_validator
from starlette.responses import Response

from erp_club.kernel.money import to_text
from erp_club.permissions.catalog import Permission
from erp_club.purchases.asked import Place
from erp_club.purchases.returns import commands
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.returns.unproved import commands as unproved
from erp_club.purchases.sale import MOST_LINES, MOST_MINOR
from erp_club.receipts.kinds import Means, ReturnKind
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import AmountText, Body, QuantityText, Word
from web.forms import FormState
from web.refusals import again
from web.routes.purchases import ReceiptNo
from web.routes.returns import dialog, shown_at
from web.views.returns import ReturnView, return_view
from web.views.slip import slip_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
Unproving = Annotated[Act, needs(Permission.SALES_RETURN_WITHOUT_RECEIPT, at_till=True)]
MOST_ROWS = 50
"""So many rows the form has; more come one request after the other."""


class UnprovedLine(Body):
    """Goods without a receipt. `amount_minor` is what is paid back for all of them: today's price, or less.

    A form says `amount` as it is typed.
    """

    sku: Word
    quantity: Annotated[QuantityText, Field(gt=0, le=9_999_999)] = 1000
    amount_minor: Annotated[int | None, Field(ge=0, le=MOST_MINOR)] = None
    amount: AmountText | None = None

    @property
    def paid_minor(self) -> int | None:
        """What is paid back for them, None for today's price."""
        return self.amount_minor if self.amount is None else self.amount


class UnprovedReturn(Body):
    """Goods that come back without a receipt, and why they are taken. With `preview` nothing is written."""

    receipt_no: ReceiptNo | None = None
    returned_at: AwareDatetime | None = None
    lines: Annotated[list[UnprovedLine], Field(min_length=1, max_length=MOST_LINES)]
    means: Means = Means.CASH
    reason: Word
    preview: bool = False

    @field_validator("lines", mode="before")
    @classmethod
    def _without_empty_rows(cls, rows: Any) -> Any:
        """The form has a row more than were filled in."""
        while isinstance(rows, list) and rows and not rows[-1]:
            rows = rows[:-1]
        return rows


class UnprovedPage(BaseModel):
    """The form of goods without a receipt: so many rows, and what they come to once that is known."""

    rows: int
    preview: ReturnView | None
    currency: str

    def amount(self, row: int) -> str:
        """What the preview pays back for a row, as it would be typed."""
        shown = self.preview.lines if self.preview else []
        return to_text(shown[row].amount_minor) if row < len(shown) else ""


def unproved_page(act: Act, form: FormState, preview: ReturnView | None = None) -> Response:
    """The form as it was filled in, with an empty row after the last one."""
    filled = 0
    while form.values.get(f"lines[{filled}].sku") and filled < MOST_ROWS:
        filled += 1
    view = UnprovedPage(rows=min(filled + 1, MOST_ROWS), preview=preview, currency=act.chain.currency)
    return dialog(act, view, "unproved", form)


@router.get("/returns/without-receipt", name="returns.unproved.new", response_model=UnprovedPage)
def new_unproved(act: Unproving) -> Response:
    """The form of goods that nobody can show a receipt for."""
    return unproved_page(act, FormState())


@router.post("/returns", name="returns.unproved", status_code=201, response_model=ReturnView)
@again(unproved_page)
def return_without_receipt(act: Unproving, body: UnprovedReturn) -> Response:
    """Take goods back that nobody can show a receipt for; that earns no points and takes none."""
    work = unproved.preview_without_receipt if body.preview else unproved.return_without_receipt
    made = work(
        act.session,
        tuple(unproved.Unproved(line.sku, line.quantity, line.paid_minor) for line in body.lines),
        commands.Asked(Wish(None, body.means), body.receipt_no, ReturnKind.WITHOUT_RECEIPT, body.reason),
        Place(act.terminal, act.by, body.returned_at or act.now, act.now),
        currency=act.chain.currency,
    )
    view = return_view(act, made)
    if view.preview:
        if not wants_html(act.request):
            return act.answer(view, "")
        return unproved_page(act, getattr(act.request.state, "form", None) or FormState(), view)
    if act.htmx:
        return dialog(act, slip_view(act, view.id or 0), "done", FormState())
    return act.done(view, shown_at(act, view.id or 0))
