"""What offers name: whether it exists, what it is called, and finding it by a part of its name."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.organisation.models import Store
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.documents import Named, Thing
from erp_club.segments.kinds import SegmentState
from erp_club.segments.models import Segment


@dataclass(frozen=True, slots=True)
class Found:
    """Something that an offer can name: its key in documents, and what it is called, by language or not."""

    thing: Thing
    key: str
    names: Mapping[str, str]


_KEYS: Mapping[Thing, Any] = {
    Thing.PRODUCT: Product.sku,
    Thing.GROUP: ProductGroup.name,
    Thing.DEPARTMENT: Department.name,
    Thing.BRAND: Brand.name,
    Thing.STORE: Store.code,
    Thing.CLUB: Club.code,
    Thing.BATCH: CouponBatch.code,
    Thing.SEGMENT: Segment.name,
}
_CALLED: Mapping[Thing, Any] = _KEYS | {
    Thing.PRODUCT: Product.name,
    Thing.STORE: Store.name,
    Thing.CLUB: Club.names,
    Thing.BATCH: CouponBatch.names,
}


def missing(session: Session, names: Iterable[Named]) -> list[Named]:
    """Those of the names that nothing has; one query a kind of thing."""
    asked = list(names)
    known = _known(session, {(each.thing, each.key) for each in asked})
    return [each for each in asked if (each.thing, each.key) not in known]


def called(session: Session, keys: Collection[tuple[Thing, str]]) -> dict[tuple[Thing, str], Mapping[str, str]]:
    """What they are called, where that isn't the key itself; one query a kind of thing."""
    return _known(session, {key for key in keys if _CALLED[key[0]] is not _KEYS[key[0]]})


def _known(session: Session, keys: Collection[tuple[Thing, str]]) -> dict[tuple[Thing, str], Mapping[str, str]]:
    known: dict[tuple[Thing, str], Mapping[str, str]] = {}
    for thing, column in _KEYS.items():
        wanted = sorted({key for of, key in keys if of is thing})
        if wanted:
            rows = session.execute(
                sa.select(column, _CALLED[thing]).where(column == sa.any_(sa.literal(wanted, ARRAY(sa.Text))))
            )
            known |= {(thing, key): _names(name) for key, name in rows}
    return known


def find(session: Session, text: str, things: Iterable[Thing], *, most: int = 8) -> list[Found]:
    """Things whose key begins with the text or whose name has it; those whose key it is first, `most` of a kind."""
    found: list[Found] = []
    for thing in things:
        column, name = _KEYS[thing], _CALLED[thing]
        words = sa.cast(name, sa.Text) if thing in {Thing.CLUB, Thing.BATCH} else name
        matches = column.istartswith(text, autoescape=True) | words.icontains(text, autoescape=True)
        query = sa.select(column, name).where(matches)
        if thing is Thing.CLUB:
            query = query.where(Club.state != ClubState.CLOSED)
        if thing is Thing.SEGMENT:
            query = query.where(Segment.state == SegmentState.ACTIVE)
        first = sa.case((sa.func.lower(column) == text.lower(), 0), else_=1)
        rows = session.execute(query.order_by(first, words, column).limit(most))
        found += [Found(thing, key, _names(called_so)) for key, called_so in rows]
    return sorted(found, key=lambda each: each.key.lower() != text.lower())


def _names(name: Any) -> Mapping[str, str]:
    return {"": name} if isinstance(name, str) else name
