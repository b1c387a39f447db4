"""Quotes: what a basket costs this customer, here and now, with the reason for every offer."""

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from erp_club.kernel.prepared import Ahead
from erp_club.permissions.catalog import Permission
from erp_club.permissions.places import TerminalFacts
from erp_club.purchases.quotes import commands, queries
from erp_club.purchases.sale import MOST_LINES, check_time
from web.basket_bodies import BasketBody, PointsToUse, SaleId, SoldLine, asked_ahead, asked_of
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, needs
from web.identities import Foreseen
from web.payment_bodies import MoneyName
from web.views.quotes import QuoteView, quote_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
AtTill = Annotated[
    Act, needs(Permission.SALES_POST, at_till=True, keyless="a quote moves no value, and the next one replaces it")
]


class NewQuote(BasketBody, Foreseen):
    """A basket to be priced. `sale_id` is the till's own name for the sale; its next quote replaces this one."""

    lines: Annotated[list[SoldLine], Field(min_length=1, max_length=MOST_LINES)]
    sale_id: Annotated[SaleId, Field(description="1 to 100 visible ASCII characters", examples=["3-000017"])]
    sold_at: Annotated[AwareDatetime | None, Field(description="With offset; now where left out")] = None
    points: Annotated[list[PointsToUse], Field(max_length=5, description="Points that are to pay")] = []
    means: Annotated[list[MoneyName], Field(max_length=5, description="What will be paid with, where it is known")] = []

    def ahead(self, till: TerminalFacts, now: dt.datetime) -> Ahead | None:
        """What its price asks."""
        return asked_ahead(self, till, self.sold_at or now, now=now)


@router.post("/quotes", name="quotes.make", status_code=201, response_model=QuoteView)
def make_quote(
    act: AtTill,
    body: NewQuote,
    explain: Annotated[
        Literal["all"] | None, Query(description="`all`: why each offer in force did or didn't give something")
    ] = None,
) -> Response:
    """Price a basket for this customer, here and now; the price and the coupons are kept for 15 minutes."""
    sold_at = body.sold_at or act.now
    check_time(sold_at, now=act.now)
    quoted = commands.make_quote(
        act.session,
        asked_of(
            body, sale_id=commands.sale_key(act.terminal.id, body.sale_id), means=tuple(body.means), points=body.points
        ),
        place_of(act, sold_at),
        sale_id=body.sale_id,
        explain_all=explain == "all",
    )
    return act.done(quote_view(quoted, currency=act.chain.currency), f"/quotes/{quoted.id}")


@router.get("/quotes/{quote_id}", name="quotes.quote", response_model=QuoteView)
def show_quote(act: Annotated[Act, needs(Permission.SALES_POST, at_till=True)], quote_id: uuid.UUID) -> Response:
    """A quote of this till whose time isn't over."""
    row = queries.quote(act.session, quote_id, terminal_id=act.terminal.id, now=act.now)
    return act.answer(quote_view(commands.quoted(row), currency=act.chain.currency), "till/quote.html")


@router.delete("/quotes/{quote_id}", name="quotes.drop", status_code=204)
def drop_quote(act: AtTill, quote_id: uuid.UUID) -> Response:
    """Give the sale up: its price and the coupons that it holds are free at once."""
    commands.drop_quote(act.session, quote_id, terminal_id=act.terminal.id)
    return act.keep(Response(b"", 204))
