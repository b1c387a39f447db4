"""The receipts behind a figure of a report, as pages and JSON show them."""

import datetime as dt
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import Asked
from web import lists
from web.deps import Act
from web.views.purchases import PurchaseRow, rows_view
from web.views.report_filters import Chip, chips
from web.views.reports import PATH


class BehindPage(BaseModel):
    """The receipts that a figure is made of."""

    first: dt.date
    last: dt.date
    currency: str
    chips: list[Chip] = Field(exclude=True)
    back_url: str
    state: lists.ListState
    purchases: list[PurchaseRow]


def behind_page(act: Act, asked: Asked) -> BehindPage:
    """The receipts behind a figure, the latest first."""
    state = lists.list_state(act.request, sorts=("sold_at",), direction="desc")
    state = state.counted(queries.receipt_count(act.session, asked))
    rows = queries.receipt_rows(act.session, asked, offset=state.offset, limit=state.per_page)
    kept = [(name, value) for name, value in state.query if name not in {"page", "per_page", "sort", "direction"}]
    return BehindPage(
        first=asked.first,
        last=asked.last,
        currency=act.chain.currency,
        chips=chips(act, asked, f"{PATH}/receipts", state.query),
        back_url=f"{PATH}?{urlencode(kept)}",
        state=state,
        purchases=rows_view(rows),
    )
