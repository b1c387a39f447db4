"""What pages and JSON show of saved views."""

from pydantic import BaseModel, Field

from erp_club.saved_views import queries
from erp_club.saved_views.queries import ViewRow
from web.deps import Act
from web.i18n import translate
from web.saved_views import PAGES, pages_of


class SavedViewLine(BaseModel):
    """A view: `url` opens it, `page` is what the page is called. Only one's `own` can be changed."""

    id: int
    name: str
    url: str
    page: str
    shared: bool
    own: bool
    owner: str


class SavedViewsPage(BaseModel):
    """All views that the reader may open, by page; `deleted` is the one that was just deleted."""

    views: list[SavedViewLine]
    deleted: SavedViewLine | None


class SavedViewForm(BaseModel):
    """What the form of a view begins with; no `view` for a new one of this address."""

    view: SavedViewLine | None
    address: str
    page: str
    back_url: str = Field(exclude=True)


def view_line(row: ViewRow) -> SavedViewLine:
    """A view as it is shown."""
    return SavedViewLine(
        id=row.id, name=row.name, url=row.address, page=page_name(row.page), shared=row.shared, own=row.own,
        owner=row.owner,
    )  # fmt: skip


def page_name(page: str) -> str:
    """What a page with views is called in the reader's language."""
    return translate(PAGES[page][0]) if page in PAGES else page


def views_page(act: Act, deleted: int | None = None) -> SavedViewsPage:
    """The reader's views. Raises NotFound where `deleted` is none of theirs."""
    pages = pages_of(act.by)
    rows = queries.views_for(act.session, act.by.staff_id or 0, pages)
    gone = None if deleted is None else queries.own_view(act.session, deleted, act.by.staff_id or 0)
    return SavedViewsPage(
        views=[view_line(row) for row in sorted(rows, key=lambda row: pages.index(row.page))],
        deleted=view_line(gone) if gone and gone.deleted else None,
    )
