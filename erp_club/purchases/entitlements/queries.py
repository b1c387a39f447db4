"""What members are entitled to, how much of it is left, and what they used."""

import datetime as dt
import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.periods import Span
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.gifts import GiftGiven
from erp_club.programmes.engine.levels import Entitlement
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Channels
from erp_club.purchases.entitlements.models import EntitlementUse, UseState


@dataclass(frozen=True, slots=True)
class Right:
    """What a membership gives in the period from `first` to `last`: `left` of `count`, None as often as one likes.

    `products` are SKU and name of what may be chosen.
    """

    membership_id: int
    club_names: dict[str, str]
    code: str
    names: dict[str, str]
    count: int | None
    used: int
    first: dt.date
    last: dt.date | None
    products: tuple[tuple[str, str], ...]

    @property
    def left(self) -> int | None:
        """How often it can still be used in the period."""
        return None if self.count is None else max(0, self.count - self.used)


@dataclass(frozen=True, slots=True)
class UseRow:
    """One use: of what, when, where and by whom; given back where `state` says so."""

    membership_id: int
    code: str
    state: UseState
    product: str
    receipt_id: int | None
    at: dt.datetime
    staff: str | None
    store: str | None


def rights(session: Session, customer_id: int, *, on: dt.date, where: Where | None = None) -> list[Right]:
    """What the customer's memberships give on a day (there, at a till): gifts with a count, each with what is left.

    One query for who has none; whoever has some costs two more.
    """
    given = [
        (row, each, _period(row, each, on))
        for row in session.execute(_GIVING, {"customer": customer_id, "on": on})
        for each in _entitlements(row.entitlements)
        if _holds(each, row, where)
    ]
    if not given:
        return []
    used = _used(session, customer_id)
    names = _products(session, {sku for _, each, _ in given for sku in _gift(each).products})
    return [
        Right(
            membership_id=row.id,
            club_names=row.names,
            code=each.code,
            names={str(language): text for language, text in each.names.items()} or {"en": each.code},
            count=each.count,
            used=used[row.id, each.code, span.first],
            first=span.first,
            last=span.last,
            products=tuple((sku, names[sku]) for sku in _gift(each).products if sku in names),
        )
        for row, each, span in given
    ]


def uses(session: Session, customer_id: int) -> list[UseRow]:
    """What the customer used, the latest first; what a sale only holds isn't used yet."""
    use = EntitlementUse
    rows = session.execute(
        sa.select(use.membership_id, use.code, use.state, Product.name, use.receipt_id, use.at, Staff.name, Store.name)
        .join(Product, Product.id == use.product_id)
        .outerjoin(Staff, Staff.id == use.staff_id)
        .outerjoin(Store, Store.id == use.store_id)
        .where(use.customer_id == customer_id, use.receipt_id.is_not(None))
        .order_by(use.at.desc(), use.id.desc())
    )
    return [UseRow(row[0], row[1], UseState(row[2]), *row[3:]) for row in rows]


def _gift(of: Entitlement) -> GiftGiven:
    assert isinstance(of.gives, GiftGiven)
    return of.gives


def _holds(of: Entitlement, row: Any, where: Where | None) -> bool:
    if not isinstance(of.gives, GiftGiven) or not works(Channels.model_validate(row.channels), Doing.BENEFITS, where):
        return False
    here = where is None or not of.channels or where.channel in of.channels
    return here and (not of.levels or row.level in of.levels)


def _period(row: Any, of: Entitlement, on: dt.date) -> Span:
    term = Span(row.first, row.after and row.after - dt.timedelta(days=1))
    return span_of(of.period, on, joined_on=row.joined_on, term=term)


def _used(session: Session, customer_id: int) -> Counter[tuple[int, str, dt.date]]:
    use = EntitlementUse
    rows = session.execute(
        sa.select(use.membership_id, use.code, use.first, sa.func.count())
        .where(use.customer_id == customer_id, use.state != UseState.BACK)
        .group_by(use.membership_id, use.code, use.first)
    )
    return Counter({(membership, code, first): count for membership, code, first, count in rows})


def _products(session: Session, skus: Iterable[str]) -> dict[str, str]:
    rows = session.execute(sa.select(Product.sku, Product.name).where(Product.sku.in_(list(skus)), ~Product.stub))
    return {sku: name for sku, name in rows}  # noqa: C416 - dict() doesn't know a Row for a pair


_ENTITLEMENTS = TypeAdapter(tuple[Entitlement, ...])


@functools.lru_cache(maxsize=256)
def _entitlements(document: str) -> tuple[Entitlement, ...]:
    return _ENTITLEMENTS.validate_json(document)


_GIVING = sa.text("""
    SELECT m.id, m.joined_on, c.names, CAST(v.entitlements AS text) AS entitlements, v.channels,
           lower(p.validity) AS first, upper(p.validity) AS after, coalesce(l.level, v.lowest) AS level
      FROM memberships m
      JOIN clubs c ON c.id = m.club_id AND c.state = 'published'
      JOIN membership_periods p ON p.customer_id = m.customer_id AND p.membership_id = m.id
                               AND p.validity @> CAST(:on AS date)
      JOIN LATERAL (SELECT document -> 'entitlements' AS entitlements, document -> 'channels' AS channels,
                           document #>> '{levels,levels,0,code}' AS lowest
                      FROM programme_versions v
                     WHERE v.club_id = c.id AND v.effective_from <= CAST(:on AS date)
                     ORDER BY v.effective_from DESC, v.version_no DESC LIMIT 1) v
        ON jsonb_array_length(v.entitlements) > 0
      LEFT JOIN membership_levels l ON l.customer_id = m.customer_id AND l.membership_id = m.id
     WHERE m.customer_id = :customer
     ORDER BY m.id
""")
