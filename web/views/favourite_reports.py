"""What customers like best, as the page and JSON show it."""

import datetime as dt
from dataclasses import replace
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from erp_club.permissions.catalog import Permission
from erp_club.reports.favourites import KINDS, KINDS_OF_ONE, MOST, Favourites, favourites, kept_of, liked
from erp_club.reports.purchases.asked import Asked, By
from web.deps import Act
from web.formats import month
from web.i18n import translate
from web.scopes import stores_of_reports
from web.views.report_filters import Chip, Choices, chips, choices_of, filters_of
from web.views.reports import ROWS

PATH = "/reports/favourites"
MOST_RECEIPTS = 200_000
"""What customers like best is found out of so many while somebody waits."""
LIKES = 5
"""So many products are shown on a customer's page."""


class FavouriteView(BaseModel):
    """A group, a store or the like; see `favourites.Favourite`."""

    key: int
    name: str
    customers: int
    share_bp: int | None
    sales_minor: int


class LikedView(BaseModel):
    """What one customer bought, in how many purchases and for how much."""

    key: int
    name: str
    purchases: int
    sales_minor: int


class Whole(BaseModel):
    """A calendar month or year, and the address of the page for it."""

    name: str
    url: str


class FavouritesPage(BaseModel):
    """Whose favourite what is, in a period. `customers` have one.

    Of one customer there are no such `rows`, but what was `liked` best. Of more `receipts` than anybody waits for
    there are none either: `whole` are the months and years of the period, of which it is kept what customers like best,
    of `all_customers` where not of these alone; none for whoever sees several stores and not all.
    """

    by: By
    first: dt.date
    last: dt.date
    filters: dict[str, int]
    currency: str
    customers: int
    rows: list[FavouriteView]
    liked: list[LikedView]
    receipts: int
    whole: list[Whole]
    all_customers: bool = Field(exclude=True)
    kinds: list[tuple[str, str]] = Field(exclude=True)
    chips: list[Chip] = Field(exclude=True)
    choices: Choices = Field(exclude=True)
    scoped: bool = Field(exclude=True)


def favourites_page(act: Act, asked: Asked, *, most: int | None = None) -> FavouritesPage:
    """The page; of no more than `most` receipts, unless it is kept."""
    one = asked.customer_id is not None
    found = Favourites(1, ()) if one else favourites(act.session, asked, most=most)
    kept = kept_of(asked)
    query = [(name, value) for name, value in act.request.query_params.multi_items() if value]
    return FavouritesPage(
        by=asked.by,
        first=asked.first,
        last=asked.last,
        filters=filters_of(asked),
        currency=act.chain.currency,
        customers=found.customers,
        rows=[FavouriteView.model_validate(row, from_attributes=True) for row in found.rows],
        liked=_liked(act, asked) if one else [],
        receipts=found.receipts,
        whole=_whole(asked, kept) if found.receipts and (kept or asked.within is None) else [],
        all_customers=not kept and bool(filters_of(asked)),
        kinds=[(kind.value, translate(ROWS[kind])) for kind in (KINDS_OF_ONE if one else KINDS)],
        chips=chips(act, asked, PATH, query),
        choices=choices_of(act, asked),
        scoped=asked.within is not None,
    )


def _whole(asked: Asked, kept: bool) -> list[Whole]:
    """The latest years and months that the period touches, of the club or store where it is `kept`, else of all."""
    filters = filters_of(asked) if kept else {}
    made: list[Whole] = []
    for by, most in ((By.YEAR, 3), (By.MONTH, 12)):
        steps = replace(asked, by=by)
        for first in steps.steps()[-most:]:
            query = {"by": asked.by.value, "first": first, "last": steps.step_end(first), **filters}
            made.append(
                Whole(name=str(first.year) if by is By.YEAR else month(first), url=f"{PATH}?{urlencode(query)}")
            )
    return made


def likes_view(act: Act, customer_id: int) -> list[LikedView] | None:
    """The products that a customer has bought most often ever; None for whoever sees no reports."""
    if not act.by.may(Permission.REPORTS_VIEW):
        return None
    within = stores_of_reports(act.session, act.by)
    ever = Asked(by=By.PRODUCT, first=dt.date.min, last=act.today, customer_id=customer_id, within=within)
    return _liked(act, ever, limit=LIKES)


def _liked(act: Act, asked: Asked, *, limit: int = MOST) -> list[LikedView]:
    return [LikedView.model_validate(row, from_attributes=True) for row in liked(act.session, asked, limit=limit)]
