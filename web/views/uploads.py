"""What became of sales that were made offline, and what didn't fit in them, in words."""

import datetime as dt
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from erp_club.kernel.text import Money, T, Text
from erp_club.permissions.catalog import Permission
from erp_club.purchases.uploads.commands import Upload
from erp_club.purchases.uploads.kinds import Cause
from erp_club.purchases.uploads.queries import ConflictRow
from web.i18n import say
from web.lists import ListState


class UploadFault(BaseModel):
    """Something that didn't fit, with the values that tell more."""

    cause: Cause
    facts: dict[str, Any]


class UploadedPurchase(BaseModel):
    """What became of one sale: `booked` now, `known` from before, or `kept` in the list only, as its number is taken.

    `id` is the receipt's; of one that is only kept, that of the receipt which has its number.
    """

    receipt_no: str
    state: str
    id: int
    conflicts: list[UploadFault]


class UploadView(BaseModel):
    """A batch, with its sales in the order in which they came."""

    id: int
    booked: int
    known: int
    kept: int
    purchases: list[UploadedPurchase]


class ConflictLine(BaseModel):
    """One thing that didn't fit in one sale; `words` say what."""

    id: int
    cause: Cause
    words: str
    facts: dict[str, Any]
    receipt_no: str
    receipt_id: int
    sold_at: dt.datetime
    zone: str = Field(exclude=True)
    store: str
    total_minor: int
    currency: str = Field(exclude=True)
    customer_number: str | None
    seen_at: dt.datetime | None
    seen_by: str | None


class ConflictStore(BaseModel):
    """A store to filter by."""

    id: int
    name: str
    code: str


class ConflictsPage(BaseModel):
    """The conflicts that match."""

    filters: dict[str, Any]
    state: ListState
    currency: str
    stores: list[ConflictStore]
    conflicts: list[ConflictLine]


def upload_view(done: Upload, *, may_know_coupons: bool) -> UploadView:
    """What became of a batch. Who may not know coupons isn't told whether one was used or never there."""
    sales = [
        UploadedPurchase(
            receipt_no=each.receipt_no,
            state="known"
            if each.known
            else "kept"
            if any(fault.cause is Cause.RECEIPT_DIFFERS for fault in each.faults)
            else "booked",
            id=each.receipt_id,
            conflicts=[
                UploadFault(
                    cause=Cause.COUPON_REFUSED
                    if fault.cause is Cause.COUPON_USED and not may_know_coupons
                    else fault.cause,
                    facts=dict(fault.facts),
                )
                for fault in each.faults
            ],
        )
        for each in done.taken
    ]
    kept = sum(each.state == "kept" for each in sales)
    return UploadView(id=done.id, booked=done.booked, known=done.known, kept=kept, purchases=sales)


def conflict_line(row: ConflictRow, currency: str) -> ConflictLine:
    """A conflict in words."""
    return ConflictLine(
        id=row.id, cause=row.cause, words=say(conflict_words(row.cause, row.facts, currency)), facts=row.facts,
        receipt_no=row.receipt_no, receipt_id=row.receipt_id, sold_at=row.sold_at, zone=row.zone, store=row.store,
        total_minor=row.total_minor, currency=currency, customer_number=row.customer_number or None,
        seen_at=row.seen_at, seen_by=row.seen_by,
    )  # fmt: skip


def conflict_words(cause: Cause, facts: dict[str, Any], currency: str) -> Text:
    """What didn't fit, as somebody reads it."""
    text = _WORDS[cause]
    if cause is Cause.PRICE and facts.get("ours_minor") is None:
        text = T("The till took %(theirs)s; our price isn't known.")
    said = {
        name.removesuffix("_minor"): Money(value, currency) if name.endswith("_minor") and value is not None else value
        for name, value in facts.items()
    }
    if cause is Cause.NOT_ALONE:
        said["action"] = Text(Permission(facts["action"]).sentence)
    return replace(text, values=said)


_WORDS = {
    Cause.PRICE: T("The till took %(theirs)s, our price is %(ours)s."),
    Cause.PRODUCT_UNKNOWN: T("Nobody knew the product %(sku)s. It was opened without a price."),
    Cause.CUSTOMER_UNKNOWN: T("The customer or card isn't good here. The sale belongs to nobody."),
    Cause.COUPON_USED: T("The coupon %(coupon)s had been used already."),
    Cause.COUPON_REFUSED: T("The coupon %(coupon)s wasn't good for this sale."),
    Cause.POINTS_TOO_FEW: T("There were too few points for the offer %(offer)s. None were taken."),
    Cause.LIMIT_EXCEEDED: T("The offer %(offer)s was used up."),
    Cause.PAYMENTS_DIFFER: T("%(paid)s was paid, %(due)s was due."),
    Cause.PAYMENT_UNCHECKED: T("%(amount)s was paid with a card of ours. Nothing was taken from it."),
    Cause.CARD_NOT_MADE: T("%(amount)s was paid for a card, and none was loaded. Give the customer one."),
    Cause.NOT_ALONE: T("The cashier may not do this alone, or not so much of it: %(action)s."),
    Cause.TIME: T("The time of the sale is in the future or long ago. Check the till's clock."),
    Cause.RECEIPT_DIFFERS: T("The store has another receipt under this number. This one is kept in the list only."),
}
