"""Batches of coupons: the list, setting one up, and the page of one."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.promotions.coupons.batches import queries
from erp_club.promotions.coupons.batches.queries import BatchFilters, BatchRow, Standing
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import Storable, Unsaid
from web.views.coupons import BatchesPage, line

router = APIRouter(route_class=ActRoute, tags=["coupons"])
View = Annotated[Act, needs(Permission.COUPONS_VIEW)]
FILE_HEADER = (
    "code", "name", "state", "personal", "uses", "worth", "valid_from", "valid_to", "days_from_issue", "most", "issued",
    "used",
)  # fmt: skip


class Filters(BaseModel):
    """What the list is narrowed to, as the address says it."""

    text: Annotated[str | None, Query(max_length=100, description="A part of a code or name"), Storable, Unsaid] = None
    standing: Annotated[Standing | None, Query(), Unsaid] = None
    personal: Annotated[bool | None, Query(), Unsaid] = None

    def asked(self, act: Act) -> BatchFilters:
        """As the query takes them."""
        return BatchFilters(act.today, (self.text or "").strip() or None, self.standing, self.personal)


Asked = Annotated[Filters, Query()]


@router.get("/coupon-batches", name="coupon_batches", response_model=BatchesPage)
def coupon_batches(act: View, filters: Asked) -> Response:
    """The batches, the newest first where the address doesn't say otherwise."""
    asked = filters.asked(act)
    state = lists.list_state(act.request, sorts=queries.SORTS, direction="desc")
    state = state.counted(queries.count(act.session, asked, most=lists.COUNTED + 1))
    rows = queries.listing(
        act.session, asked, sort=state.sort, descending=state.descending, offset=state.offset, limit=state.per_page
    )
    view = BatchesPage(
        text=asked.text,
        standing=filters.standing,
        personal=filters.personal,
        state=state,
        batches=[line(act, row) for row in rows],
    )
    return act.answer(view, "coupons/_batches.html" if act.htmx else "coupons/batches.html")


@router.get("/coupon-batches.{suffix}", name="coupon_batches.file", responses=lists.FILE_ANSWERS)
def coupon_batches_file(act: View, suffix: Literal["csv", "xlsx"], filters: Asked) -> Response:
    """The same batches as a file."""
    state = lists.list_state(act.request, sorts=queries.SORTS, direction="desc")
    rows = queries.every(act.session, filters.asked(act), sort=state.sort, descending=state.descending)
    return lists.stream_file(f"coupon-batches.{suffix}", FILE_HEADER, _cells(act, rows))


def _cells(act: Act, rows: Iterator[BatchRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        worth = None if row.worth_minor is None else Decimal(row.worth_minor).scaleb(-2)
        yield (
            row.code, row.names.get(act.chain.language) or row.names["en"], row.state.value, row.personal, row.uses,
            worth, row.valid_from, row.valid_to, row.days_from_issue, row.most, row.issued, row.used,
        )  # fmt: skip
