"""What tills price with, how much of each offer is used up, and offers one by one with their versions."""

import datetime as dt
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.queries import family_of
from erp_club.kernel.dates import month_end
from erp_club.permissions.models import Staff
from erp_club.promotions import errors
from erp_club.promotions.engine.compile import Compiled, compile_offers
from erp_club.promotions.engine.facts import Used
from erp_club.promotions.engine.offer import Limits, Offer
from erp_club.promotions.engine.ready import Published
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import (
    OfferCatalogue,
    OfferDayUses,
    OfferMemberUses,
    OfferUses,
    OfferVersion,
    StoredOffer,
)
from erp_club.promotions.own_days.queries import days_used, uses_since
from erp_club.receipts.models import Receipt, ReceiptOffer

KEPT_SETS = 4
"""How many compiled sets a process keeps: one a database, and a few while versions change."""
LONG_OVER = dt.timedelta(days=60)
"""Offers that ended so long ago aren't compiled any more; tills that were offline send sales of the last 31 days."""


# What tills price with.

CATALOGUE_VERSION = sa.select(OfferCatalogue.version).scalar_subquery()
"""The version of what is in force, to be read inside another query: then pricing costs no query of its own."""


def published(session: Session, version: uuid.UUID | None = None) -> Compiled:
    """The offers in force, compiled; the process keeps them as long as their version is the same.

    `version` is what `CATALOGUE_VERSION` gave in this transaction; without it one query asks for it.
    """
    if version is None:
        version = session.connection().execute(_VERSION).scalar_one()
    found = _SETS.get(version)
    if found is not None:
        return found
    with _COMPILING:
        # Whoever waited here finds what the first one has made.
        found = _SETS.get(version)
        if found is None:
            # Read after the version, so the set is never older than it; a newer one only lasts for this request.
            found = compile_offers(in_force(session))
            while len(_SETS) >= KEPT_SETS:
                _SETS.pop(next(iter(_SETS)))
            _SETS[version] = found
        return found


def in_force(session: Session) -> list[Published]:
    """All published offers by code with their versions, but for those that ended long ago."""
    return [
        Published(Offer.model_validate(document), number)
        for number, document in session.connection().execute(_IN_FORCE)
    ]


_SETS: dict[uuid.UUID, Compiled] = {}
_COMPILING = threading.Lock()
_VERSION = sa.select(OfferCatalogue.version)
_LIVE = (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == StoredOffer.live_no)
_LAST_DAY = sa.cast(OfferVersion.document["last_day"].astext, sa.Date)
_IN_FORCE = (
    sa.select(OfferVersion.version_no, OfferVersion.document)
    .join(StoredOffer, _LIVE)
    .where(
        StoredOffer.state == OfferState.PUBLISHED,
        sa.func.coalesce(_LAST_DAY, sa.func.current_date()) >= sa.func.current_date() - LONG_OVER.days,
    )
    .order_by(StoredOffer.code)
)


# How much is used up.


DAY, CUSTOMER = sa.bindparam("day", type_=sa.Date), sa.bindparam("customer", type_=sa.BigInteger)


_HALF_YEAR = sa.func.make_date(
    sa.cast(sa.extract("year", DAY), sa.Integer), sa.case((sa.extract("month", DAY) < 7, 1), else_=7), 1
)


def uses_of(
    which: sa.ColumnElement[bool], *, customer: sa.ColumnElement[int] = CUSTOMER
) -> sa.Select[*tuple[Any, ...]]:
    """The counters of some offers: code and the fields of `Used`, for a customer (0: nobody known) and a `day`.

    `day` is the store's date; weeks begin on Monday, and months to years are those of the calendar. `customer` may be a
    literal column of the statement around this one.
    """
    today = (
        sa.select(sa.func.coalesce(sa.cast(sa.func.sum(OfferDayUses.uses), sa.BigInteger), 0))
        .where(OfferDayUses.offer_id == StoredOffer.id, OfferDayUses.day == DAY)
        .scalar_subquery()
    )

    def since(first: Any = None) -> sa.ColumnElement[int]:
        uses = sa.func.sum(OfferMemberUses.uses)
        counted = uses if first is None else uses.filter(OfferMemberUses.day >= first)
        return sa.func.coalesce(sa.cast(counted, sa.BigInteger), 0)

    member = (
        sa.select(
            since().label("ever"),
            since(DAY).label("day"),
            since(sa.func.date_trunc("month", DAY)).label("month"),
            since(sa.func.date_trunc("year", DAY)).label("year"),
            since(sa.func.date_trunc("week", DAY)).label("week"),
            since(sa.func.date_trunc("quarter", DAY)).label("quarter"),
            since(_HALF_YEAR).label("half_year"),
        )
        .where(
            OfferMemberUses.customer_id == customer,
            customer != 0,
            OfferMemberUses.offer_id == StoredOffer.id,
            OfferMemberUses.day <= DAY,
        )
        .lateral()
    )
    return (
        sa.select(
            StoredOffer.code,
            OfferUses.uses,
            today.label("today"),
            OfferUses.given_minor,
            member.c.ever.label("member"),
            member.c.day.label("member_today"),
            member.c.month.label("member_month"),
            member.c.year.label("member_year"),
            member.c.week.label("member_week"),
            member.c.quarter.label("member_quarter"),
            member.c.half_year.label("member_half_year"),
        )
        .join(OfferUses, OfferUses.offer_id == StoredOffer.id)
        .join(member, sa.true())
        .where(which)
    )


_COUNTED = sa.and_(StoredOffer.state == OfferState.PUBLISHED, StoredOffer.counted)
USES = uses_of(_COUNTED)
"""The counters of every offer in force that has limits; a query of its own, or embedded by `uses_json`."""


def uses_json(*, customer: sa.ColumnElement[int] = CUSTOMER) -> sa.ScalarSelect[Any]:
    """The same as one value, a list of lists in that order, for another statement that binds a `day`."""
    each = uses_of(_COUNTED, customer=customer).subquery("uses")
    told = sa.func.jsonb_agg(sa.func.jsonb_build_array(*each.c))
    return sa.select(sa.func.coalesce(told, sa.text("'[]'::jsonb"))).scalar_subquery()


USES_JSON = uses_json()


def used(row: Any) -> Used:
    """A row of `USES` as the engine's fact."""
    return Used(*row[1:])


def used_by_code(rows: Iterable[Any]) -> dict[str, Used]:
    """All rows of `USES`, or the value of `USES_JSON`, by the offer's code."""
    return {row[0]: used(row) for row in rows}


def used_by(
    session: Session, rows: Iterable[Any], compiled: Compiled, customer_id: int, day: dt.date
) -> dict[str, Used]:
    """The same with what the customer's month has had of offers that have a ceiling of it; only these cost a query."""
    used = used_by_code(rows)
    if compiled.whole_days and customer_id:
        for code, on_days in days_used(session, customer_id, compiled.whole_days, day).items():
            used[code] = replace(used.get(code, Used()), **on_days)
    if compiled.by_membership and customer_id:
        for code, since in uses_since(session, customer_id, compiled.by_membership, day).items():
            used[code] = replace(used.get(code, Used()), member_own_year=since.year, member_term=since.term)
    if compiled.by_month and customer_id:
        taken = taken_in_month(session, customer_id, compiled.by_month, day)
        for code in compiled.by_month:
            shared = sum(taken.get(each, 0) for each in compiled.sharing.get(code, ()))
            month = {"member_month_minor": taken.get(code, 0), "shared_month_minor": shared}
            used[code] = replace(used.get(code, Used()), **month)
    return used


def taken_in_month(session: Session, customer_id: int, codes: Collection[str], day: dt.date) -> dict[str, int]:
    """What each of these offers took off for the customer in the day's calendar month, less what came back in it."""
    first = day.replace(day=1)
    rows = session.execute(
        sa.select(StoredOffer.code, sa.cast(sa.func.sum(ReceiptOffer.amount_minor), sa.BigInteger))
        .join_from(ReceiptOffer, StoredOffer, StoredOffer.id == ReceiptOffer.offer_id)
        .join(Receipt, (Receipt.customer_id == ReceiptOffer.customer_id) & (Receipt.id == ReceiptOffer.receipt_id))
        .where(
            ReceiptOffer.customer_id.in_(family_of(sa.literal(customer_id, sa.BigInteger()))),
            StoredOffer.code.in_(codes),
            Receipt.sold_on.between(first, month_end(first)),
        )
        .group_by(StoredOffer.code)
    )
    return {row[0]: row[1] for row in rows}


def _sharing(session: Session, names: Collection[str]) -> dict[str, list[str]]:
    """The codes of the offers in force that share a ceiling of a month, by its name."""
    shared_as = OfferVersion.document[("limits", "shared_as")].astext
    rows = session.execute(
        sa.select(shared_as, StoredOffer.code)
        .join(
            OfferVersion, (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == StoredOffer.live_no)
        )
        .where(StoredOffer.state == OfferState.PUBLISHED, shared_as.in_(names))
    )
    made: dict[str, list[str]] = {}
    for name, code in rows:
        made.setdefault(name, []).append(code)
    return made


def shared_passed(session: Session, limits: Mapping[str, Limits], customer_id: int, on: dt.date) -> Iterator[str]:
    """Those of these offers whose ceiling of a month, with all that share it, is passed by what is written already."""
    asked = {code: its for code, its in limits.items() if its.shared_as is not None}
    if not asked:
        return
    sharing = _sharing(session, {its.shared_as or "" for its in asked.values()})
    codes = {code for each in sharing.values() for code in each} | asked.keys()
    taken = taken_in_month(session, customer_id, codes, on)
    for code, its in asked.items():
        together = {code, *sharing.get(its.shared_as or "", ())}
        if sum(taken.get(each, 0) for each in together) > (its.shared_month_minor or 0):
            yield code


# Offers for head office.


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of an offer: what it says, who wrote it, and when it was published."""

    version_no: int
    offer: Offer
    changed_at: dt.datetime
    staff: str | None
    published_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class OfferDetails:
    """An offer with its newest version and the one in force, which is the same one where nothing is changed."""

    id: int
    code: str
    state: OfferState
    revision: int
    latest: VersionRow
    live: VersionRow | None


def offer(session: Session, offer_id: int) -> OfferDetails:
    """One offer. Raises NotFound."""
    row = session.execute(
        sa.select(
            StoredOffer.id,
            StoredOffer.code,
            StoredOffer.state,
            StoredOffer.revision,
            StoredOffer.latest_no,
            StoredOffer.live_no,
        ).where(StoredOffer.id == offer_id)
    ).one_or_none()
    if row is None:
        raise errors.no_offer()
    latest = version(session, offer_id, row.latest_no)
    live = latest if row.live_no == row.latest_no else None
    if live is None and row.live_no is not None:
        live = version(session, offer_id, row.live_no)
    return OfferDetails(row.id, row.code, OfferState(row.state), row.revision, latest, live)


def version(session: Session, offer_id: int, version_no: int) -> VersionRow:
    """One version of an offer. Raises NotFound."""
    found = versions(session, offer_id, version_no=version_no)
    if not found:
        raise errors.no_version()
    return found[0]


def versions(session: Session, offer_id: int, *, version_no: int | None = None) -> list[VersionRow]:
    """The offer's versions, newest first, or just one."""
    rows = session.execute(
        sa.select(
            OfferVersion.version_no,
            OfferVersion.document,
            OfferVersion.changed_at,
            Staff.name,
            OfferVersion.published_at,
        )
        .outerjoin(Staff, Staff.id == OfferVersion.staff_id)
        .where(OfferVersion.offer_id == offer_id)
        .where(sa.true() if version_no is None else OfferVersion.version_no == version_no)
        .order_by(OfferVersion.version_no.desc())
    )
    return [
        VersionRow(number, Offer.model_validate(document), changed_at, staff, published_at)
        for number, document, changed_at, staff, published_at in rows
    ]


def free_code(session: Session, code: str) -> str:
    """A code that no offer has yet: the same with a number behind it."""
    stem = code[:45]
    taken = set(session.scalars(sa.select(StoredOffer.code).where(StoredOffer.code.startswith(f"{stem}-"))))
    return next(f"{stem}-{number}" for number in range(2, 10_000) if f"{stem}-{number}" not in taken)
