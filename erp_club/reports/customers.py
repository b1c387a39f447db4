"""Customers with what they hold in clubs and when they last bought: the list, its filters, and its rows as a file."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.clubs import models as clubs
from erp_club.clubs.earning.queries import ACCOUNT
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.customers.classes.models import ClassificationField
from erp_club.customers.classes.rules import PREFIX
from erp_club.customers.id_numbers import sealing
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Classification, Customer
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.reading import in_portions
from erp_club.organisation.models import Store
from erp_club.points.models import PointsAccount
from erp_club.points.units import Unit
from erp_club.receipts.models import Receipt
from erp_club.receipts.rollups.models import CustomerDay, ReceiptToRoll, SliceBuyers, StoreDay
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.members import covers_all, spans
from erp_club.reports.purchases.slices import ALL

Consent = Literal["advertising", "sms", "email", "post"]
MembershipState = Literal["valid", "ends_soon", "paused", "ended", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilters:
    """What a list of customers is narrowed to; None narrows nothing. Days are included at both ends.

    `club` and `store` (the home store) are codes. `membership` is about that club, else about any: `valid` today,
    `ends_soon` in the last days of which the club warns, `paused`, `ended`, or `none` ever held. `consent` keeps those
    who gave it. `class_name` keeps those who have something in this field of head office's own, `class_value` this in
    it: a choice by its code, a text by any part. `opened_from` and `opened_to` are dates in `zone`, `bought_from` and
    `bought_to` the stores' dates of at least one purchase.
    """

    club: str | None = None
    membership: MembershipState | None = None
    store: str | None = None
    language: str | None = None
    consent: Consent | None = None
    birthday_month: int | None = None
    opened_from: dt.date | None = None
    opened_to: dt.date | None = None
    bought_from: dt.date | None = None
    bought_to: dt.date | None = None
    class_name: str | None = None
    class_value: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class HeldClub:
    """A club that a customer is in; `is_valid` today."""

    names: dict[str, str]
    tone: str
    is_valid: bool
    balance: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list. `points` is the sum over all clubs, None without a membership."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    mobile: str | None
    city: str | None
    home_store: str | None
    opened_at: dt.datetime
    clubs: tuple[HeldClub, ...]
    points: int | None
    last_bought_on: dt.date | None


FILE_COLUMNS = (
    "number", "given_name", "family_name", "given_name_2", "family_name_2", "id_kind", "id_country", "id_number",
    "phone", "mobile", "email", "street", "postcode", "city", "country", "birthday", "anniversary", "gender",
    "language", "home_store", "own_id", "consent_advertising", "consent_sms", "consent_email", "consent_post", "card",
)  # fmt: skip
"""The columns of the file, named as an import reads them; those of head office's own fields follow."""

_SORTS: dict[str, tuple[Any, ...]] = {
    "name": (Customer.family_name, Customer.given_name),
    "number": (Customer.number,),
    # Ids are given in the order of opening, and have an index.
    "opened": (),
}
"""What comes before the id."""
SORTS = tuple(_SORTS)
_BECAME = BECAME.c.id == Receipt.customer_id


def count(session: Session, filters: CustomerFilters, *, today: dt.date, most: int) -> int:
    """How many customers match, at most `most`: nobody reads to the end of a million, but counting them takes long."""
    if _surely(session, filters, today, most) >= most:
        return most
    found = [
        sa.select(sa.literal(1)).select_from(Customer).where(*each) for each in _either(session, filters, today, most)
    ]
    counted = sa.union_all(*found).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0


def _surely(session: Session, filters: CustomerFilters, today: dt.date, most: int) -> int:
    """At least so many match, where it is kept: who bought on some days, or is a club's member, less who is gone."""
    plain = CustomerFilters(zone=filters.zone)
    gone = session.scalar(sa.select(sa.func.count()).where(Customer.state != CustomerState.ACTIVE.value)) or 0
    if filters == replace(plain, club=filters.club, membership="valid") and filters.club:
        held = _held_today(filters.club, today).limit(most + gone).subquery()
        return (session.scalar(sa.select(sa.func.count()).select_from(held)) or 0) - gone
    first, last = filters.bought_from or dt.date.min, filters.bought_to or dt.date.max
    if filters == plain or filters != replace(plain, bought_from=filters.bought_from, bought_to=filters.bought_to):
        return 0
    kept = sa.func.coalesce(sa.func.sum(SliceBuyers.buyers), 0)
    of_days = (SliceBuyers.slice == ALL, SliceBuyers.sold_on.between(first, last), SliceBuyers.before < first)
    return int(session.execute(sa.select(kept).where(*of_days)).scalar_one()) - gone


def listing(
    session: Session,
    filters: CustomerFilters,
    *,
    sort: str,
    descending: bool,
    offset: int,
    limit: int,
    today: dt.date,
) -> list[CustomerRow]:
    """One page of the customers that match, by one of `SORTS`; so many statements, however long the page is."""
    names, ordered = _SORTS[sort], _ordered(sort, descending=descending)
    # Each as long as the page may be: together, the planner would sort all that match.
    found = [
        sa.select(Customer.id, *names).where(*each).order_by(*ordered).limit(offset + limit).subquery()
        for each in _listed(session, filters, today, offset + limit)
    ]
    page = sa.union_all(*(sa.select(each) for each in found)).subquery("page")
    way: list[Any] = [page.c[each.key] for each in (*names, Customer.id)]
    paged = sa.select(page.c.id).order_by(*(each.desc() if descending else each for each in way))
    ids = session.scalars(paged.offset(offset).limit(limit)).all()
    rows = session.execute(
        sa.select(
            Customer.id,
            Customer.number,
            Customer.given_name,
            Customer.family_name,
            Customer.mobile,
            Customer.city,
            Store.name,
            Customer.opened_at,
        )
        .outerjoin(Store, Store.id == Customer.home_store_id)
        .where(Customer.id.in_(ids))
        .order_by(*ordered)
    ).all()
    held, points = _clubs(session, ids, today)
    bought = _last_bought(session, ids)
    return [
        CustomerRow(
            *row, clubs=tuple(held.get(row.id, ())), points=points.get(row.id), last_bought_on=bought.get(row.id)
        )
        for row in rows
    ]


def file_columns(session: Session) -> tuple[str, ...]:
    """The columns of the file, with one for each of head office's own fields."""
    own = session.scalars(sa.select(ClassificationField.name).order_by(ClassificationField.name))
    return (*FILE_COLUMNS, *(f"{PREFIX}{name}" for name in own))


def every(
    session: Session, filters: CustomerFilters, *, sort: str, descending: bool, today: dt.date, id_numbers: bool
) -> Iterator[tuple[Any, ...]]:
    """All customers that match, by `file_columns`, read through a cursor of the server.

    ID numbers are whole where `id_numbers`, else their last signs; an import leaves such a document as it is.
    """
    card = (
        sa.select(Card.number)
        .where(Card.customer_id == Customer.id, Card.state == CardState.ACTIVE)
        .order_by(Card.issued_at.desc(), Card.number)
        .limit(1)
        .scalar_subquery()
    )
    own = {"home_store": Store.code, "card": card, "id_number": Customer.id_sealed}
    columns = [own[name] if name in own else Customer.__table__.c[name] for name in FILE_COLUMNS]
    columns += [_class_value(name.removeprefix(PREFIX)) for name in file_columns(session)[len(FILE_COLUMNS) :]]
    statement = (
        sa.select(*columns, Customer.id_key)
        .select_from(Customer)
        .outerjoin(Store, Store.id == Customer.home_store_id)
        .where(sa.or_(*(sa.and_(*each) for each in _either(session, filters, today, MOST_HASHED))))
        .order_by(*_ordered(sort, descending=descending))
    )
    keyring = keyring_of(session)
    place = FILE_COLUMNS.index("id_number")
    for found in in_portions(session, statement):
        row: list[Any] = list(found)
        key = row.pop()
        if key is not None:
            number = keyring.open(key, row[place])
            row[place] = number if id_numbers else sealing.masked(number)
        yield tuple(row)


def _class_value(name: str) -> sa.ScalarSelect[str]:
    return (
        sa.select(Classification.value)
        .where(Classification.customer_id == Customer.id, Classification.name == name)
        .scalar_subquery()
    )


def _ordered(sort: str, *, descending: bool) -> list[Any]:
    return [column.desc() if descending else column.asc() for column in (*_SORTS[sort], Customer.id)]


def _where(filters: CustomerFilters, today: dt.date) -> list[sa.ColumnElement[bool]]:
    made: list[sa.ColumnElement[bool]] = [Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE]
    if filters.club or filters.membership:
        made.append(_membership(filters, today))
    if filters.store:
        made.append(Customer.home_store_id == sa.select(Store.id).where(Store.code == filters.store).scalar_subquery())
    if filters.language:
        made.append(Customer.language == filters.language)
    if filters.consent:
        made.append(Customer.__table__.c[f"consent_{filters.consent}"])
    if filters.birthday_month:
        made.append(sa.extract("month", Customer.birthday) == filters.birthday_month)
    if filters.class_name:
        made.append(_classified(filters.class_name, filters.class_value))
    if filters.opened_from:
        made.append(Customer.opened_at >= _midnight(filters.opened_from, filters.zone))
    if filters.opened_to and filters.opened_to < dt.date.max:
        made.append(Customer.opened_at < _midnight(filters.opened_to + dt.timedelta(days=1), filters.zone))
    return made


MOST_WAITING = 1_000
"""Of so many customers whose receipts wait to be summed up, each is named; of more, all receipts are read."""


MOST_HASHED = 1_000_000
"""Days of customers that a hash holds in memory."""
_MANY = 1_000


def _either(
    session: Session, filters: CustomerFilters, today: dt.date, wanted: int
) -> list[list[sa.ColumnElement[bool]]]:
    """Conditions of which each customer who matches meets one whole list, and one only; so many are `wanted`.

    Who bought is told by what is kept of customers' days, which has an index for it, and else by what isn't kept yet.
    Both in one condition would be asked of every customer.
    """
    where = _where(filters, today)
    if not filters.bought_from and not filters.bought_to:
        return [where]
    days = (filters.bought_from or dt.date.min, filters.bought_to or dt.date.max)
    waits = (ReceiptToRoll.customer_id == Receipt.customer_id) & (ReceiptToRoll.receipt_id == Receipt.id)
    buyers = sa.select(living_of(Receipt.customer_id)).where(Receipt.sold_on.between(*days))
    waiting = buyers.select_from(sa.join(Receipt, ReceiptToRoll, waits).outerjoin(BECAME, _BECAME)).distinct()
    waited = session.scalars(waiting.limit(MOST_WAITING + 1)).all()
    if len(waited) > MOST_WAITING:
        return [[*where, Customer.id.in_(buyers.select_from(sa.outerjoin(Receipt, BECAME, _BECAME)))]]
    bought = Customer.id.in_(sa.select(CustomerDay.customer_id).where(CustomerDay.sold_on.between(*days)))
    receipts = session.scalar(sa.select(sa.func.sum(StoreDay.receipts)).where(StoreDay.sold_on.between(*days))) or 0
    if wanted > _MANY and receipts <= MOST_HASHED:
        bought = bought.is_(sa.true())  # looked up in a hash: joined, all are put in order
    return [[*where, bought], *([[*where, Customer.id.in_(waited), ~bought]] if waited else [])]


def _held_today(club: str | None, today: dt.date) -> Any:
    """Whose membership of the club, or of any, holds."""
    asked = Asked(by=By.DAY, first=today, last=today)
    span = spans(asked).c
    held = sa.select(span.customer_id).where(covers_all(span, asked))
    return held.where(span.club_id == sa.select(Club.id).where(Club.code == club).scalar_subquery()) if club else held


def _listed(
    session: Session, filters: CustomerFilters, today: dt.date, wanted: int
) -> list[list[sa.ColumnElement[bool]]]:
    """As `_either`: members are looked up in a hash where many are wanted, instead of each customer's by itself."""
    if filters.membership != "valid" or wanted <= _MANY:
        return _either(session, filters, today, wanted)
    mine = Customer.id.in_(_held_today(filters.club, today)).is_(sa.true())
    others = replace(filters, membership=None, club=None)
    return [[mine, *each] for each in _either(session, others, today, wanted)]


def _classified(name: str, value: str | None) -> sa.ColumnElement[bool]:
    wanted = [Classification.customer_id == Customer.id, Classification.name == name]
    if value:
        part = Classification.value.icontains(value, autoescape=True)
        kind = sa.select(ClassificationField.kind).where(ClassificationField.name == name).scalar_subquery()
        codes = sa.func.string_to_array(sa.func.lower(Classification.value), ";")
        whole = sa.func.lower(value) == sa.any_(codes)
        wanted.append(sa.case((sa.func.coalesce(kind, "text") == "text", part), else_=whole))
    return sa.exists().where(*wanted)


def _midnight(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone))


def _membership(filters: CustomerFilters, today: dt.date) -> sa.ColumnElement[bool]:
    held = [Membership.customer_id == Customer.id]
    if filters.club:
        held.append(Membership.club_id == sa.select(Club.id).where(Club.code == filters.club).scalar_subquery())
    if filters.membership == "none":
        return ~sa.exists().where(*held)
    if filters.membership in {"valid", "ends_soon"}:
        held.append(_valid(today))
    if filters.membership == "ends_soon":
        held.append(_ends_soon(today))
    if filters.membership == "paused":
        held.append(Membership.state == clubs.MembershipState.PAUSED)
    if filters.membership == "ended":
        held += [~_valid(today), Membership.state != clubs.MembershipState.PAUSED]
    return sa.exists().where(*held)


def _valid(today: dt.date) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        MembershipPeriod.customer_id == Membership.customer_id,
        MembershipPeriod.membership_id == Membership.id,
        MembershipPeriod.validity.contains(today),
    )


def _ends_soon(today: dt.date) -> sa.ColumnElement[bool]:
    """What is held without a gap ends in the days of which the club warns (M-05)."""
    following = aliased(MembershipPeriod)
    after = sa.func.upper(MembershipPeriod.validity)
    warned = sa.select(Club.warning_days).where(Club.id == Membership.club_id).correlate(Membership).scalar_subquery()
    goes_on = sa.exists().where(
        following.customer_id == MembershipPeriod.customer_id,
        following.membership_id == MembershipPeriod.membership_id,
        following.validity.contains(after),
    )
    return sa.exists().where(
        MembershipPeriod.customer_id == Membership.customer_id,
        MembershipPeriod.membership_id == Membership.id,
        after > today,
        after <= sa.literal(today, sa.Date) + warned,
        ~goes_on,
    )


def _clubs(session: Session, ids: Sequence[int], today: dt.date) -> tuple[dict[int, list[HeldClub]], dict[int, int]]:
    """The clubs that these customers are in, and their points."""
    held: dict[int, list[HeldClub]] = {}
    points: dict[int, int] = {}
    rows = session.execute(
        sa.select(Membership.customer_id, Club.names, Club.tone, _valid(today), PointsAccount.balance, Club.unit)
        .join(Club, Club.id == Membership.club_id)
        .join(PointsAccount, ACCOUNT)
        .where(Membership.customer_id.in_(ids))
        .order_by(Membership.customer_id, Membership.id)
    )
    for customer_id, names, tone, is_valid, balance, unit in rows:
        held.setdefault(customer_id, []).append(HeldClub(names, tone, is_valid, balance, unit))
        points[customer_id] = points.get(customer_id, 0) + balance
    return held, points


def _last_bought(session: Session, ids: Sequence[int]) -> dict[int, dt.date]:
    """The date of each customer's latest purchase, by one step into the index for each."""
    asked = sa.select(sa.func.unnest(sa.cast(ids, sa.ARRAY(sa.BigInteger))).label("id")).subquery()
    last = (
        sa.select(Receipt.sold_on)
        .where(Receipt.customer_id.in_(family_of(asked.c.id)))
        .order_by(Receipt.sold_at.desc())
        .limit(1)
        .lateral()
    )
    return {row.id: row.sold_on for row in session.execute(sa.select(asked.c.id, last.c.sold_on).join(last, sa.true()))}
