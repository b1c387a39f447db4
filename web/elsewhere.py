"""What the search box of the back office finds besides customers: pages, receipts, goods, offers, clubs and so on."""

from collections.abc import Callable, Iterable
from itertools import islice

from pydantic import BaseModel

from erp_club.catalogue import queries as catalogue
from erp_club.catalogue.queries import ProductFilters
from erp_club.clubs.queries import clubs
from erp_club.organisation.queries import find_stores
from erp_club.permissions.catalog import Permission
from erp_club.permissions.queries import StaffFilters, staff_list
from erp_club.promotions.coupons.issued import queries as coupons
from erp_club.promotions.listing import queries as offers
from erp_club.promotions.listing.queries import OfferFilters
from erp_club.receipts import queries as receipts
from erp_club.receipts.queries import ReceiptFilters
from erp_club.segments import saved
from web import formats
from web.deps import Act
from web.i18n import translate as _
from web.navigation import navigation
from web.scopes import receipts_within
from web.views.offer_form import names_of

MOST = 5
"""Things of one kind that are told."""
SHORTEST = 2
"""Letters of a part of a name by which anything is looked for."""


class Place(BaseModel):
    """A page that may be meant: what it is of, in the reader's language, its name, and what tells it from others."""

    kind: str
    name: str
    detail: str
    url: str


def elsewhere(act: Act, text: str) -> list[Place]:
    """What may be meant, by kind; of each kind only for whom may open it, and by one question to the database."""
    wanted = text.strip()
    if len(wanted) < SHORTEST:
        return []
    found: list[Place] = list(islice(_pages(act, wanted), MOST))
    for permission, find in _KINDS:
        if act.by.may(permission):
            found += islice(find(act, wanted), MOST)
    return found


def _pages(act: Act, text: str) -> Iterable[Place]:
    for section in navigation(act.by, ""):
        for item in section.items:
            if text.casefold() in item.label.casefold():
                yield Place(kind=_("Page"), name=item.label, detail=section.label, url=item.url)


def _receipts(act: Act, text: str) -> Iterable[Place]:
    asked = receipts_within(act.by, ReceiptFilters(text=text))
    rows = receipts.listing(act.session, asked, sort="sold_at", descending=True, offset=0, limit=MOST)
    for row in rows:
        day = formats.date_text(row.sold_on)
        yield Place(kind=_("Receipt"), name=row.receipt_no, detail=f"{row.store} · {day}", url=f"/purchases/{row.id}")


def _products(act: Act, text: str) -> Iterable[Place]:
    rows = catalogue.listing(
        act.session, ProductFilters(text=text), sort="name", descending=False, offset=0, limit=MOST
    )
    for row in rows:
        yield Place(kind=_("Product"), name=row.name, detail=row.sku, url=f"/products/{row.id}")


def _offers(act: Act, text: str) -> Iterable[Place]:
    rows = offers.listing(
        act.session, OfferFilters(text=text), today=act.today, sort="code", descending=False, limit=MOST
    )
    for row in rows:
        name = formats.localised(names_of(row.offer))
        yield Place(kind=_("Offer"), name=name, detail=row.code, url=f"/offers/{row.id}")


def _coupons(act: Act, text: str) -> Iterable[Place]:
    coupon_id = coupons.id_by_code(act.session, text)
    if coupon_id is not None:
        yield Place(kind=_("Coupon"), name=text, detail="", url=f"/coupons/{coupon_id}")


def _clubs(act: Act, text: str) -> Iterable[Place]:
    for row in clubs(act.session):
        if any(text.casefold() in name.casefold() for name in (row.code, *row.names.values())):
            yield Place(kind=_("Club"), name=formats.localised(row.names), detail=row.code, url=f"/clubs/{row.id}")


def _segments(act: Act, text: str) -> Iterable[Place]:
    for row in saved.every(act.session, text=text):
        yield Place(kind=_("Segment"), name=row.name, detail="", url=f"/segments/{row.id}")


def _stores(act: Act, text: str) -> Iterable[Place]:
    only = act.by.only_store(Permission.STORES_VIEW)
    for row in find_stores(act.session, text, sort="name", descending=False, only=only, limit=MOST):
        yield Place(kind=_("Store"), name=row.name, detail=row.code, url=f"/stores/{row.id}")


def _staff(act: Act, text: str) -> Iterable[Place]:
    for row in staff_list(act.session, StaffFilters(text), now=act.now, by=act.by, limit=MOST):
        yield Place(kind=_("Staff"), name=row.name, detail=row.store or "", url=f"/staff/{row.id}")


_KINDS: tuple[tuple[Permission, Callable[[Act, str], Iterable[Place]]], ...] = (
    (Permission.PURCHASES_VIEW, _receipts),
    (Permission.CATALOGUE_VIEW, _products),
    (Permission.OFFERS_VIEW, _offers),
    (Permission.COUPONS_VIEW, _coupons),
    (Permission.CLUBS_VIEW, _clubs),
    (Permission.SEGMENTS_VIEW, _segments),
    (Permission.STORES_VIEW, _stores),
    (Permission.STAFF_VIEW, _staff),
)
