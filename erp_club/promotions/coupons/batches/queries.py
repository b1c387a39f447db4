"""Batches as head office sees them: the list, one with its figures, and what its coupons gave by day."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.reading import in_portions
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.batches.settings import BatchSettings
from erp_club.promotions.coupons.kinds import BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponReservation, CouponUse
from erp_club.promotions.coupons.queries import IS_SPENT
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.promotions.standing import Standing as OfferStanding
from erp_club.promotions.standing import standing as offer_standing

MOST_OFFERS = 50


class Standing(StrEnum):
    """Where a batch stands on a day: by its state, and an active or closed one by its days."""

    CURRENT = "current"
    COMING = "coming"
    ENDED = "ended"
    CLOSED = "closed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as it is set, how many coupons of it are out, and how many of these have been used at least once."""

    id: int
    code: str
    names: Mapping[str, str]
    prefix: str
    personal: bool
    uses: int
    worth_minor: int | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    days_from_issue: int | None
    most: int | None
    back_on_return: bool
    issued: int
    state: BatchState
    version: int
    created_at: dt.datetime
    used: int


@dataclass(frozen=True, slots=True)
class BatchFilters:
    """Which batches: `text` is any part of the code or a name; None means any. `today` decides who stands where."""

    today: dt.date
    text: str | None = None
    standing: Standing | None = None
    personal: bool | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one batch: coupons by where they stand, how often they were used, and what they gave in minor units.

    `open` ones can still be used (now or later), `spent` ones have nothing left; `expired` and `blocked` ones had.
    """

    open: int
    spent: int
    expired: int
    blocked: int
    reserved: int
    uses: int
    given_minor: int


MOST_CHOICES = 500


def choices(session: Session) -> list[tuple[str, dict[str, str]]]:
    """Code and names of the batches that an offer may name, the newest first."""
    wanted = sa.select(CouponBatch.code, CouponBatch.names).order_by(CouponBatch.id.desc()).limit(MOST_CHOICES)
    return [(row.code, row.names) for row in session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class OfferOfBatch:
    """An offer that has to do with a batch: `started` by its coupons, else it issues them. `standing` on a day."""

    id: int
    code: str
    names: Mapping[str, str]
    standing: OfferStanding
    started: bool


def batch(session: Session, batch_id: int) -> BatchRow:
    """One batch. Raises NotFound."""
    row = session.execute(sa.select(*_ROW).where(CouponBatch.id == batch_id)).one_or_none()
    if row is None:
        raise errors.no_batch()
    return _batch(row)


def codes(session: Session) -> list[str]:
    """The codes of all batches, in order."""
    return list(session.scalars(sa.select(CouponBatch.code).order_by(CouponBatch.code)))


def settings(session: Session, batch_id: int) -> BatchSettings:
    """The batch as it is set. Raises NotFound."""
    row = session.execute(sa.select(*_SETTINGS).where(CouponBatch.id == batch_id)).one_or_none()
    if row is None:
        raise errors.no_batch()
    return BatchSettings(*row)


def listing(
    session: Session, filters: BatchFilters, *, sort: str, descending: bool, offset: int, limit: int
) -> list[BatchRow]:
    """The batches of one page, by one of `SORTS`; equals by code."""
    rows = session.execute(_ordered(filters, sort, descending=descending).offset(offset).limit(limit))
    return [_batch(row) for row in rows]


def count(session: Session, filters: BatchFilters, *, most: int) -> int:
    """How many batches match, counted no further than `most`."""
    found = sa.select(CouponBatch.id).where(*_where(filters)).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def every(session: Session, filters: BatchFilters, *, sort: str, descending: bool) -> Iterator[BatchRow]:
    """All that match, read in portions."""
    for row in in_portions(session, _ordered(filters, sort, descending=descending)):
        yield _batch(row)


def figures(session: Session, batch: BatchRow, *, today: dt.date, now: dt.datetime) -> Figures:
    """What became of the coupons of a batch. The indexes of used and of blocked ones spare reading all the others."""
    of_batch = Coupon.batch_id == batch.id
    spent, blocked = session.execute(
        sa.select(
            sa.func.count().filter(IS_SPENT),
            sa.func.count().filter(~IS_SPENT, Coupon.state != CouponState.ACTIVE),
        ).where(of_batch, (Coupon.used > 0) | (Coupon.state != CouponState.ACTIVE))
    ).one()
    # Where the batch hasn't ended, only those can have that end so many days after issue.
    batch_ended = batch.valid_to is not None and batch.valid_to < today
    ended = sa.func.coalesce(Coupon.last_day, batch.valid_to) < today if batch_ended else Coupon.last_day < today
    expired = _count(session, of_batch, ended, ~IS_SPENT, Coupon.state == CouponState.ACTIVE)
    held = sa.select(CouponReservation.customer_id, CouponReservation.coupon_id).where(CouponReservation.until > now)
    uses, given = session.execute(
        sa.select(
            sa.func.count(), sa.cast(sa.func.coalesce(sa.func.sum(CouponUse.given_minor), 0), sa.BigInteger)
        ).where(CouponUse.batch_id == batch.id)
    ).one()
    return Figures(
        open=batch.issued - spent - blocked - expired,
        spent=spent,
        expired=expired,
        blocked=blocked,
        reserved=_count(session, of_batch, sa.tuple_(Coupon.customer_id, Coupon.id).in_(held)),
        uses=uses,
        given_minor=given,
    )


def _count(session: Session, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Coupon).where(*conditions)) or 0


def offers_of(session: Session, batch_code: str, *, today: dt.date) -> list[OfferOfBatch]:
    """The offers that coupons of the batch start, then those that issue them, as their newest versions say; by code."""
    document = OfferVersion.document
    starts = document.contains({"activation": {"batch": batch_code}})
    issues = document.contains({"rewards": [{"kind": "coupon", "batch": batch_code}]})
    first, last = (sa.cast(document[name].astext, sa.Date) for name in ("first_day", "last_day"))
    rows = session.execute(
        sa.select(StoredOffer.id, StoredOffer.code, document["names"], StoredOffer.state, first, last, starts)
        .join(
            OfferVersion, (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == StoredOffer.latest_no)
        )
        .where(starts | issues, StoredOffer.state != OfferState.ENDED)
        .order_by(starts.desc(), StoredOffer.code)
        .limit(MOST_OFFERS)
    )
    return [
        OfferOfBatch(id_, code, names, offer_standing(OfferState(state), first_day, last_day, today=today), started)
        for id_, code, names, state, first_day, last_day, started in rows
    ]


def uses_by_day(session: Session, batch_id: int, *, zone: str, since: dt.date) -> dict[dt.date, tuple[int, int]]:
    """Uses and what they gave, by the chain's day, oldest first; days without are left out."""
    day = sa.cast(sa.func.timezone(zone, CouponUse.at), sa.Date)
    rows = session.execute(
        sa.select(day, sa.func.count(), sa.cast(sa.func.sum(CouponUse.given_minor), sa.BigInteger))
        .where(CouponUse.batch_id == batch_id, day >= since)
        .group_by(day)
        .order_by(day)
    )
    return {on: (uses, given) for on, uses, given in rows}


_SETTINGS = tuple(getattr(CouponBatch, field.name) for field in fields(BatchSettings))
_USED = (
    sa.select(sa.func.count())
    .select_from(Coupon)
    .where(Coupon.batch_id == CouponBatch.id, Coupon.used > 0)
    .correlate(CouponBatch)
    .scalar_subquery()
)
_ROW: tuple[Any, ...] = (
    CouponBatch.id,
    CouponBatch.code,
    CouponBatch.names,
    CouponBatch.prefix,
    CouponBatch.personal,
    CouponBatch.uses,
    CouponBatch.worth_minor,
    CouponBatch.valid_from,
    CouponBatch.valid_to,
    CouponBatch.days_from_issue,
    CouponBatch.most,
    CouponBatch.back_on_return,
    CouponBatch.issued,
    CouponBatch.state,
    CouponBatch.version,
    CouponBatch.created_at,
    _USED.label("used"),
)
_SORTS: dict[str, Any] = {
    "created_at": CouponBatch.created_at,
    "code": CouponBatch.code,
    "issued": CouponBatch.issued,
    "valid_to": CouponBatch.valid_to,
}
SORTS = tuple(_SORTS)


def _batch(row: Any) -> BatchRow:
    return replace(BatchRow(*row), state=BatchState(row.state))


def _ordered(filters: BatchFilters, sort: str, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    column = _SORTS[sort]
    order = (column.desc().nulls_last() if descending else column.asc().nulls_last(), CouponBatch.code)
    return sa.select(*_ROW).where(*_where(filters)).order_by(*order)


def _where(filters: BatchFilters) -> list[sa.ColumnElement[bool]]:
    made: list[sa.ColumnElement[bool]] = []
    if filters.text is not None:
        part = filters.text
        name = sa.func.jsonb_each_text(CouponBatch.names).table_valued("key", "value", name="name")
        made.append(
            CouponBatch.code.icontains(part, autoescape=True)
            | sa.exists().select_from(name).where(name.c.value.icontains(part, autoescape=True))
        )
    if filters.personal is not None:
        made.append(CouponBatch.personal == filters.personal)
    if filters.standing is not None:
        made.append(_standing(filters.standing, filters.today))
    return made


def _standing(standing: Standing, today: dt.date) -> sa.ColumnElement[bool]:
    active = CouponBatch.state == BatchState.ACTIVE
    match standing:
        case Standing.BLOCKED:
            return CouponBatch.state == BatchState.BLOCKED
        case Standing.CLOSED:
            return CouponBatch.state == BatchState.CLOSED
        case Standing.COMING:
            return active & (CouponBatch.valid_from > today).is_(True)
        case Standing.ENDED:
            return active & (CouponBatch.valid_to < today).is_(True)
        case Standing.CURRENT:
            begun = (CouponBatch.valid_from > today).is_not(True)
            return active & begun & (CouponBatch.valid_to < today).is_not(True)
