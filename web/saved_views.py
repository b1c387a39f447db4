"""Which pages have saved views, and the menu of views that stands on such a page."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.orm import Session

from erp_club.kernel.text import N_
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.saved_views.queries import ViewRow, views_for

PAGES: dict[str, tuple[str, Permission]] = {
    "/reports/purchases": (N_("Purchases report"), Permission.REPORTS_VIEW),
    "/reports/customers": (N_("How customers buy"), Permission.REPORTS_VIEW),
    "/reports/favourites": (N_("What customers like best"), Permission.REPORTS_VIEW),
    "/reports/offers": (N_("What offers did"), Permission.REPORTS_VIEW),
    "/reports/liability": (N_("Points"), Permission.REPORTS_VIEW),
    "/customers": (N_("Customers"), Permission.CUSTOMERS_VIEW),
    "/purchases": (N_("Receipts"), Permission.PURCHASES_VIEW),
    "/products": (N_("Products"), Permission.CATALOGUE_VIEW),
    "/offers": (N_("Offers"), Permission.OFFERS_VIEW),
    "/coupon-batches": (N_("Coupons"), Permission.COUPONS_VIEW),
    "/audit-entries": (N_("Change log"), Permission.AUDIT_VIEW),
}
"""By its address, what a page is called and who may open it."""
_PASSING = frozenset({"page"})
"""What an address says that is of no view: how far somebody had leafed."""


@dataclass(frozen=True, slots=True)
class Menu:
    """The views of a page that its reader may open, and where they save another one."""

    views: list[ViewRow]
    new_url: str


def menu(session: Session, by: Actor, page: str, query: str) -> Menu | None:
    """The menu of a page; None where a page has no views."""
    if page not in PAGES or by.staff_id is None:
        return None
    address = f"{page}?{filters(query)}" if filters(query) else page
    return Menu(views_for(session, by.staff_id, [page]), f"/saved-views/new?{urlencode({'address': address})}")


def pages_of(by: Actor) -> list[str]:
    """The pages with views that somebody may open."""
    return [page for page, (_, permission) in PAGES.items() if by.may(permission)]


def filters(query: str) -> str:
    """What a query says of a view, written the one way."""
    return urlencode([(name, value) for name, value in parse_qsl(query) if name not in _PASSING])
