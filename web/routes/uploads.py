"""Sales that tills made offline: taken in batches, and what didn't fit in them as a list."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from erp_club.organisation.queries import stores
from erp_club.permissions.catalog import Permission
from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.asked import Place
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.sale import MOST_LINES, MOST_MINOR, Payment
from erp_club.purchases.uploads import commands, queries
from erp_club.purchases.uploads.checking import OfflineLine, OfflineSale
from erp_club.purchases.uploads.kinds import Cause
from erp_club.purchases.uploads.queries import ConflictFilters, ConflictRow
from erp_club.receipts.kinds import Means
from web import lists
from web import store_picking as picking
from web.basket_bodies import Activation, OfferCode, SoldTo
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, QuantityText, RowId, Storable, Unsaid, Word
from web.payment_bodies import MoneyName
from web.routes.purchases import ReceiptNo
from web.scopes import store_within
from web.taken_out import taken_out
from web.views.uploads import ConflictLine, ConflictsPage, ConflictStore, UploadView, conflict_line, upload_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
Seeing = Annotated[Act, needs(Permission.SALES_CONFLICTS)]
TakingOut = Annotated[Act, needs(Permission.SALES_CONFLICTS, fresh=True)]
MOST_SALES = 200
SORTS = ("sold_at", "receipt_no", "store", "cause")


class OfflineItem(Body):
    """A line as the till sold it; amounts are for all of it, after and before discounts."""

    sku: Word
    quantity: Annotated[QuantityText, Field(gt=0, le=9_999_999)]
    amount_minor: Annotated[int, Field(ge=0, le=MOST_MINOR)]
    list_minor: Annotated[int | None, Field(ge=0, le=MOST_MINOR)] = None


class OfflinePayment(Body):
    """What one means paid, cash rounding included."""

    means: MoneyName
    amount_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)]

    @property
    def payment(self) -> Payment:
        """The payment as a sale has it."""
        ours = self.means in set(Means)
        return Payment(Means(self.means) if ours else Means.CARD, self.amount_minor, called="" if ours else self.means)


class OfflinePurchase(Body):
    """A sale that was made while the till was offline, at the prices that the till knew."""

    receipt_no: ReceiptNo
    sold_at: Annotated[AwareDatetime, Field(description="When it was sold, with offset")]
    customer: SoldTo | None = None
    lines: Annotated[list[OfflineItem], Field(min_length=1, max_length=MOST_LINES)]
    payments: Annotated[list[OfflinePayment], Field(max_length=20)] = []
    coupons: Annotated[list[Word], Field(max_length=20)] = []
    activations: Annotated[list[Activation], Field(max_length=50)] = []
    confirmations: Annotated[list[OfferCode], Field(max_length=50)] = []


class NewUpload(Body):
    """Sales in any order; those that came before are known by their numbers."""

    purchases: Annotated[list[OfflinePurchase], Field(min_length=1, max_length=MOST_SALES)]


class Filters(BaseModel):
    """What the list is narrowed to; days are those of the sale, both included."""

    cause: Cause | None
    store: int | None
    seen: bool | None
    text: str | None
    first: dt.date | None
    last: dt.date | None


@router.post("/purchase-uploads", name="purchases.uploads", status_code=201, response_model=UploadView)
def upload(act: Annotated[Act, needs(Permission.SALES_POST, at_till=True)], body: NewUpload) -> Response:
    """Take sales that were made offline. Each is booked once, as it was made; what doesn't fit is told and listed."""
    place = Place(act.terminal, act.by, act.now, act.now)
    done = commands.take_upload(
        act.session, [_offline(each) for each in body.purchases], place, currency=act.chain.currency
    )
    return act.done(upload_view(done, may_know_coupons=act.by.may(Permission.COUPONS_VIEW)), "/upload-conflicts")


def _offline(body: OfflinePurchase) -> OfflineSale:
    buyer = body.customer
    return OfflineSale(
        receipt_no=body.receipt_no,
        sold_at=body.sold_at,
        lines=tuple(OfflineLine(e.sku, e.quantity, e.amount_minor, e.list_minor) for e in body.lines),
        payments=tuple(each.payment for each in body.payments),
        document=json.loads(body.model_dump_json(exclude_defaults=True)),
        buyer=Buyer(buyer.id, buyer.number, buyer.card) if buyer else NOBODY,
        coupons=tuple(body.coupons),
        claims=tuple(Claim(each.offer, each.product, each.points) for each in body.activations),
        confirmed=frozenset(body.confirmations),
    )


def asked(
    cause: Annotated[Cause | None, Query(), Unsaid] = None,
    store: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
    seen: Annotated[Literal["yes", "no", "all"], Query()] = "no",
    text: Annotated[str | None, Query(max_length=100, description="A receipt number"), Storable, Unsaid] = None,
    first: Annotated[AskedDay, Query(description="The first day, included")] = None,
    last: Annotated[AskedDay, Query(description="The last day, included")] = None,
) -> ConflictFilters:
    """The filters in the address; what was seen is left out unless it is asked for."""
    return ConflictFilters(
        cause=cause,
        store_id=store,
        seen=None if seen == "all" else seen == "yes",
        text=text.strip() if text else None,
        first=first,
        last=last,
    )


Asked = Annotated[ConflictFilters, Depends(asked)]


@router.get("/upload-conflicts", name="uploads.conflicts", response_model=ConflictsPage)
def conflicts(act: Seeing, filters: Asked, store_name: picking.StoreName = None) -> Response:
    """What didn't fit in sales that were made offline, the latest first where the address doesn't say."""
    filters = _within(act, filters, store_name)
    return act.answer(_page(act, filters), "uploads/_list.html" if act.htmx else "uploads/list.html")


def _within(act: Act, filters: ConflictFilters, store_name: str | None) -> ConflictFilters:
    if store_name is not None:
        filters = replace(filters, store_id=picking.meant(stores(act.session), store_name, "store_name").id)
    return replace(filters, store_id=store_within(act.by, Permission.SALES_CONFLICTS, filters.store_id))


def _page(act: Act, filters: ConflictFilters) -> ConflictsPage:
    state = lists.list_state(act.request, sorts=SORTS, direction="desc")
    state = state.counted(queries.count(act.session, filters, most=lists.COUNTED + 1))
    rows = queries.listing(
        act.session,
        filters,
        sort=state.sort,
        descending=state.descending,
        offset=state.offset,
        limit=state.per_page,
    )
    return ConflictsPage(
        filters=Filters(
            cause=filters.cause, store=filters.store_id, seen=filters.seen, text=filters.text, first=filters.first,
            last=filters.last,
        ).model_dump(),
        state=state,
        currency=act.chain.currency,
        stores=[ConflictStore(id=store.id, name=store.name, code=store.code) for store in stores(act.session)],
        conflicts=[conflict_line(row, act.chain.currency) for row in rows],
    )  # fmt: skip


@router.get("/upload-conflicts.{suffix}", name="uploads.conflicts.file", responses=lists.FILE_ANSWERS)
def conflicts_file(
    act: TakingOut, suffix: Literal["csv", "xlsx"], filters: Asked, store_name: picking.StoreName = None
) -> Response:
    """The same as a file; times are the store's."""
    filters = _within(act, filters, store_name)
    state = lists.list_state(act.request, sorts=SORTS, direction="desc")
    found = queries.every(act.session, filters, sort=state.sort, descending=state.descending)
    return taken_out(act, f"upload-conflicts.{suffix}", _HEADER, _cells(found))


_HEADER = ("receipt_no", "store", "sold_at", "customer_number", "amount", "cause", "facts", "seen_at", "seen_by")


def _cells(rows: Iterator[ConflictRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        amount = Decimal(row.total_minor).scaleb(-2)
        facts = json.dumps(row.facts, ensure_ascii=False, sort_keys=True)
        yield (
            row.receipt_no, row.store, row.local_time, row.customer_number or None, amount, row.cause.value, facts,
            row.seen_at, row.seen_by,
        )  # fmt: skip


@router.post(
    "/upload-conflicts/{conflict_id}/acknowledgements",
    name="uploads.conflict.seen",
    status_code=201,
    response_model=ConflictLine,
)
def seen(act: Seeing, conflict_id: RowId) -> Response:
    """Say that somebody has looked at it."""
    commands.mark_seen(act.session, conflict_id, now=act.now, by=act.by)
    line = conflict_line(queries.conflict(act.session, conflict_id), act.chain.currency)
    if act.htmx:
        return act.answer(line, "uploads/_conflict.html")
    return act.done(line, "/upload-conflicts")
