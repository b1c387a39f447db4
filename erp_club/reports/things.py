"""What the things that the change log speaks of are called."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Club
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.pricelists.models import PriceList
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.models import StoredOffer
from erp_club.segments.models import Segment

Thing = tuple[str, str]
"""A kind of thing and its id, as the change log keeps them."""

_NAMED: dict[str, tuple[Any, Any]] = {
    "club": (Club.id, Club.names),
    "coupon_batch": (CouponBatch.id, CouponBatch.names),
    "offer": (StoredOffer.id, StoredOffer.code),
    "price_list": (PriceList.id, PriceList.names),
    "product": (Product.id, Product.name),
    "segment": (Segment.id, Segment.name),
    "staff": (Staff.id, Staff.name),
    "store": (Store.id, Store.name),
}


def called(session: Session, things: Collection[Thing]) -> dict[Thing, str | dict[str, str]]:
    """The names of those of these that have one, by language where they have several. No persons but the staff."""
    made: dict[Thing, str | dict[str, str]] = {}
    for kind, (key, name) in _NAMED.items():
        ids = {int(number) for entity, number in things if entity == kind and number.isdigit()}
        if ids:
            rows = session.execute(sa.select(key, name).where(key.in_(ids)))
            made |= {(kind, str(number)): named for number, named in rows}
    return made
