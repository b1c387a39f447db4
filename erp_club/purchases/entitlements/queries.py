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
from erp_club.programmes.engine.gifts import GiftGiven, ServiceGiven
from erp_club.programmes.engine.levels import Entitlement
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Channels
from erp_club.purchases.entitlements.kinds import UseState
from erp_club.purchases.entitlements.models import EntitlementUse


@dataclass(frozen=True, slots=True)
class Right:
    """What a membership gives in the period from `first` to `last`: `left` of `count`, None as often as one likes.

    `products` are SKU and name of what may be chosen; a service has none. `grant` is whose account it was given to and
    by what, where a rule did and not the membership itself.
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
    is_service: bool = False
    apart_minutes: int | None = None
    grant: tuple[int, int] | None = None

    @property
    def left(self) -> int | None:
        """How often it can still be used in the period."""
        return None if self.count is None else max(0, self.count - self.used)


@dataclass(frozen=True, slots=True)
class UseRow:
    """One use: of what, when, where and by whom; given back where `state` says so. A service has no product."""

    use_id: int
    membership_id: int
    code: str
    state: UseState
    product: str | None
    receipt_id: int | None
    at: dt.datetime
    staff: str | None
    store: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    """What gives uses of an entitlement: the membership in a period, or a rule; `count` None as often as one likes."""

    count: int | None
    span: Span
    grant: tuple[int, int] | None = None


def rights(session: Session, customer_id: int, *, on: dt.date, where: Where | None = None) -> list[Right]:
    """What the customer's memberships give on a day (there, at a till): gifts and services, each with what is left.

    One query for who has none; whoever has some costs up to four more.
    """
    rows = session.execute(_GIVING, {"customer": customer_id, "on": on}).all()
    grants = _grants(session, [row.id for row in rows], on) if rows else {}
    given = [
        (row, each, source)
        for row in rows
        for each in _entitlements(row.entitlements)
        if _works(each, row, where)
        for source in (*_of_membership(row, each, on), *grants.get((row.id, each.code), ()))
    ]
    if not given:
        return []
    used, of_grants = _used(session, customer_id), _used_of(session, [source.grant for _, _, source in given])
    names = _products(session, {sku for _, each, _ in given for sku in _skus(each)})
    return [
        Right(
            membership_id=row.id,
            club_names=row.names,
            code=each.code,
            names={str(language): text for language, text in each.names.items()} or {"en": each.code},
            count=source.count,
            used=used[row.id, each.code, source.span.first] if source.grant is None else of_grants[source.grant[1]],
            first=source.span.first,
            last=source.span.last,
            products=tuple((sku, names[sku]) for sku in _skus(each) if sku in names),
            is_service=isinstance(each.gives, ServiceGiven),
            apart_minutes=each.apart_minutes,
            grant=source.grant,
        )
        for row, each, source in given
    ]


def _of_membership(row: Any, of: Entitlement, on: dt.date) -> Iterable[_Source]:
    if not of.only_given and (not of.levels or row.level in of.levels):
        yield _Source(of.count, _period(row, of, on))


def _grants(session: Session, memberships: list[int], on: dt.date) -> dict[tuple[int, str], list[_Source]]:
    """What rules gave to the accounts of memberships, by membership and code, what ends first before."""
    made: dict[tuple[int, str], list[_Source]] = {}
    for row in session.execute(_GRANTED, {"memberships": memberships, "on": on}):
        source = _Source(row.uses, Span(row.usable_from, row.last_day), (row.customer_id, row.settlement_id))
        made.setdefault((row.id, row.entitlement), []).append(source)
    return made


def _used_of(session: Session, grants: Iterable[tuple[int, int] | None]) -> Counter[int]:
    ids = [grant[1] for grant in grants if grant is not None]
    if not ids:
        return Counter()
    use = EntitlementUse
    counted = sa.select(use.grant_id, sa.func.count()).where(use.grant_id.in_(ids), use.state != UseState.BACK)
    rows = session.execute(counted.group_by(use.grant_id))
    return Counter({grant: count for grant, count in rows if grant is not None})


def uses(session: Session, customer_id: int) -> list[UseRow]:
    """What the customer used, the latest first; what a sale only holds isn't used yet."""
    use = EntitlementUse
    rows = session.execute(
        sa.select(
            use.id, use.membership_id, use.code, use.state, Product.name, use.receipt_id, use.at, Staff.name, Store.name
        )
        .outerjoin(Product, Product.id == use.product_id)
        .outerjoin(Staff, Staff.id == use.staff_id)
        .outerjoin(Store, Store.id == use.store_id)
        .where(use.customer_id == customer_id, use.receipt_id.is_not(None) | use.product_id.is_(None))
        .order_by(use.at.desc(), use.id.desc())
    )
    return [UseRow(row[0], row[1], row[2], UseState(row[3]), *row[4:]) for row in rows]


def _skus(of: Entitlement) -> tuple[str, ...]:
    return of.gives.products if isinstance(of.gives, GiftGiven) else ()


def _works(of: Entitlement, row: Any, where: Where | None) -> bool:
    """Whether it is something to use, and is given there."""
    if not isinstance(of.gives, GiftGiven | ServiceGiven):
        return False
    if not works(Channels.model_validate(row.channels), Doing.BENEFITS, where):
        return False
    return where is None or not of.channels or where.channel in of.channels


def _period(row: Any, of: Entitlement, on: dt.date) -> Span:
    term = Span(row.first, row.after and row.after - dt.timedelta(days=1))
    return span_of(of.period, on, joined_on=row.joined_on, term=term)


def _used(session: Session, customer_id: int) -> Counter[tuple[int, str, dt.date]]:
    use = EntitlementUse
    rows = session.execute(
        sa.select(use.membership_id, use.code, use.first, sa.func.count())
        .where(use.customer_id == customer_id, use.state != UseState.BACK, use.grant_id.is_(None))
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
      JOIN LATERAL (SELECT document -> 'entitlements' AS entitlements, document -> 'channels' AS channels,
                           document #>> '{levels,levels,0,code}' AS lowest,
                           document #>> '{renewal,benefits_in_grace}' = 'true' AS goes_on
                      FROM programme_versions v
                     WHERE v.club_id = c.id AND v.effective_from <= CAST(:on AS date)
                     ORDER BY v.effective_from DESC, v.version_no DESC LIMIT 1) v
        ON jsonb_array_length(v.entitlements) > 0
      JOIN LATERAL (SELECT t.validity FROM membership_periods t
                     WHERE t.customer_id = m.customer_id AND t.membership_id = m.id AND NOT isempty(t.validity)
                       AND (t.validity @> CAST(:on AS date)
                            OR v.goes_on AND m.state = 'open' AND upper(t.validity) <= CAST(:on AS date)
                               AND upper(t.validity) + c.grace_days > CAST(:on AS date))
                     ORDER BY lower(t.validity) DESC LIMIT 1) p ON true
      LEFT JOIN membership_levels l ON l.customer_id = m.customer_id AND l.membership_id = m.id
     WHERE m.customer_id = :customer
     ORDER BY m.id
""")
_GRANTED = sa.text("""
    SELECT m.id, g.entitlement, g.customer_id, g.settlement_id, g.count AS uses, s.usable_from, s.last_day
      FROM memberships m
      JOIN period_settlements s ON s.customer_id = m.points_holder_id AND s.account_id = m.points_account_id
                               AND s.club_id = m.club_id AND s.state = 'given' AND s.usable_from <= CAST(:on AS date)
                               AND (s.last_day IS NULL OR s.last_day >= CAST(:on AS date))
      JOIN reward_entitlements g ON g.customer_id = s.customer_id AND g.settlement_id = s.id
     WHERE m.id = ANY(:memberships)
     ORDER BY s.last_day NULLS LAST, s.id
""")
