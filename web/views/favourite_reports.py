"""What customers like best, as the page and JSON show it."""

import datetime as dt

from pydantic import BaseModel, Field

from erp_club.reports.favourites import KINDS, favourites
from erp_club.reports.purchases.asked import Asked, By
from web.deps import Act
from web.i18n import translate
from web.views.reports import ROWS, Chip, chips, choices_of, filters_of

PATH = "/reports/favourites"


class FavouriteView(BaseModel):
    """A group, a store or the like; see `favourites.Favourite`."""

    key: int
    name: str
    customers: int
    share_bp: int | None
    sales_minor: int


class FavouritesPage(BaseModel):
    """Whose favourite what is, in a period. `customers` have one."""

    by: By
    first: dt.date
    last: dt.date
    filters: dict[str, int]
    currency: str
    customers: int
    rows: list[FavouriteView]
    kinds: list[tuple[str, str]] = Field(exclude=True)
    chips: list[Chip] = Field(exclude=True)
    choices: dict[str, list[tuple[int, str]]] = Field(exclude=True)
    scoped: bool = Field(exclude=True)


def favourites_page(act: Act, asked: Asked) -> FavouritesPage:
    """The page."""
    found = favourites(act.session, asked)
    query = [(name, value) for name, value in act.request.query_params.multi_items() if value]
    return FavouritesPage(
        by=asked.by,
        first=asked.first,
        last=asked.last,
        filters=filters_of(asked),
        currency=act.chain.currency,
        customers=found.customers,
        rows=[FavouriteView.model_validate(row, from_attributes=True) for row in found.rows],
        kinds=[(kind.value, translate(ROWS[kind])) for kind in KINDS],
        chips=chips(act, asked, PATH, query),
        choices=choices_of(act, asked),
        scoped=asked.within is not None,
    )
