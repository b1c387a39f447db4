"""Offers as a list: those that match, as they stand on a day, with what they have given."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.organisation.models import Store
from erp_club.promotions.engine.offer import Offer, Start
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import OfferDayUses, OfferMemberUses, OfferUses, OfferVersion, StoredOffer
from erp_club.promotions.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer with the version that is shown of it: the one in force, else the newest.

    `changed`: a newer version waits to be published. `given_minor` is what it took off baskets so far.
    """

    id: int
    code: str
    state: OfferState
    standing: Standing
    version_no: int
    changed: bool
    revision: int
    offer: Offer
    uses: int
    given_minor: int


@dataclass(frozen=True, slots=True)
class OfferFilters:
    """Which offers: `text` is a part of the code or of a name, or a SKU that the offer names; None means any."""

    text: str | None = None
    standing: Standing | None = None
    kind: str | None = None
    start: Start | None = None


def listing(
    session: Session,
    filters: OfferFilters,
    *,
    today: dt.date,
    sort: str,
    descending: bool,
    offset: int = 0,
    limit: int | None = None,
    store_ids: Sequence[int] | None = None,
) -> list[OfferRow]:
    """The offers of one page (or all) in the order of one of `SORTS`; equals by code.

    With `store_ids` they tell what they gave in these stores.
    """
    given = {name: SORTS[name] if store_ids is None else _given_in(store_ids, name) for name in ("uses", "given_minor")}
    column = given.get(sort, SORTS[sort])
    order = column.desc().nulls_last() if descending else column.asc().nulls_last()
    rows = session.execute(
        sa.select(
            StoredOffer.id,
            StoredOffer.code,
            StoredOffer.state,
            StoredOffer.revision,
            StoredOffer.latest_no != sa.func.coalesce(StoredOffer.live_no, StoredOffer.latest_no),
            _SHOWN.version_no,
            _SHOWN.document,
            *given.values(),
        )
        .select_from(_LISTED)
        .where(*_where(filters, today))
        .order_by(order, StoredOffer.code)
        .offset(offset)
        .limit(limit)
    )
    return [_row(row, today) for row in rows]


def count(session: Session, filters: OfferFilters, *, today: dt.date, most: int) -> int:
    """How many offers match, counted no further than `most`."""
    found = sa.select(StoredOffer.id).select_from(_LISTED).where(*_where(filters, today)).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


_SHOWN = aliased(OfferVersion)
_LISTED = (
    sa.join(
        StoredOffer,
        _SHOWN,
        (_SHOWN.offer_id == StoredOffer.id)
        & (_SHOWN.version_no == sa.func.coalesce(StoredOffer.live_no, StoredOffer.latest_no)),
    )
).outerjoin(OfferUses, OfferUses.offer_id == StoredOffer.id)
_KIND = _SHOWN.document["rewards"][0]["kind"].astext
_START = _SHOWN.document["activation"]["by"].astext
_FIRST, _LAST = (sa.cast(_SHOWN.document[name].astext, sa.Date) for name in ("first_day", "last_day"))
SORTS: Mapping[str, Any] = {
    "code": StoredOffer.code,
    "kind": _KIND,
    "first_day": _FIRST,
    "last_day": _LAST,
    "uses": sa.func.coalesce(OfferUses.uses, 0),
    "given_minor": sa.func.coalesce(OfferUses.given_minor, 0),
}


def _given_in(store_ids: Sequence[int], name: str) -> Any:
    summed = sa.cast(sa.func.coalesce(sa.func.sum(getattr(OfferDayUses, name)), 0), sa.BigInteger)
    mine = (OfferDayUses.offer_id == StoredOffer.id) & OfferDayUses.store_id.in_(store_ids)
    return sa.select(summed).where(mine).correlate(StoredOffer).scalar_subquery()


def _where(filters: OfferFilters, today: dt.date) -> Iterator[sa.ColumnElement[bool]]:
    if filters.text is not None:
        found = [StoredOffer.code.icontains(filters.text, autoescape=True)]
        found += [
            _SHOWN.document["names"][language].astext.icontains(filters.text, autoescape=True)
            for language in ("en", "he", "fi", "sv")
        ]
        # A quoted SKU stands in the document wherever it is named.
        found.append(sa.cast(_SHOWN.document, sa.Text).contains(f'"{filters.text}"', autoescape=True))
        yield sa.or_(*found)
    if filters.standing is not None:
        yield _standing(today) == filters.standing.value
    if filters.kind is not None:
        yield filters.kind == _KIND
    if filters.start is not None:
        yield filters.start.value == _START


def _standing(today: dt.date) -> sa.ColumnElement[str]:
    """`standing.standing` as SQL."""
    return sa.case(
        (StoredOffer.state.in_([OfferState.DRAFT, OfferState.ENDED]), StoredOffer.state),
        (today > _LAST, sa.literal(Standing.ENDED.value)),
        (StoredOffer.state == OfferState.PAUSED, sa.literal(Standing.PAUSED.value)),
        (today < _FIRST, sa.literal(Standing.SCHEDULED.value)),
        else_=sa.literal(Standing.PUBLISHED.value),
    )


def _row(row: Any, today: dt.date) -> OfferRow:
    offer_id, code, state, revision, changed, version_no, document, uses, given_minor = row
    shown = Offer.model_validate(document)
    kept = OfferState(state)
    stands = standing(kept, shown.first_day, shown.last_day, today=today)
    return OfferRow(offer_id, code, kept, stands, version_no, changed, revision, shown, uses, given_minor)


_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Part(Generic[_Key]):
    """What an offer gave on a day or in a store."""

    key: _Key
    uses: int
    baskets: int
    given_minor: int


@dataclass(frozen=True, slots=True)
class Given:
    """What an offer has given so far: uses, sales, known customers, money; by day, oldest first, and by store.

    `members` is None for some stores: those who used it are counted for the chain.
    """

    uses: int
    baskets: int
    members: int | None
    given_minor: int
    days: list[Part[dt.date]]
    stores: list[Part[str]]


def given(session: Session, offer_id: int, *, store_ids: Sequence[int] | None = None) -> Given:
    """What the offer's counters say, of some stores or of all."""
    mine = (OfferDayUses.offer_id == offer_id) & (OfferDayUses.baskets > 0)  # not where all was cancelled
    if store_ids is not None:
        mine &= OfferDayUses.store_id.in_(store_ids)
    sums: tuple[Any, ...] = tuple(
        sa.cast(sa.func.sum(column), sa.BigInteger)
        for column in (OfferDayUses.uses, OfferDayUses.baskets, OfferDayUses.given_minor)
    )
    days = session.execute(
        sa.select(OfferDayUses.day, *sums).where(mine).group_by(OfferDayUses.day).order_by(OfferDayUses.day)
    ).all()
    stores = session.execute(
        sa.select(Store.name, *sums)
        .join(Store, Store.id == OfferDayUses.store_id)
        .where(mine)
        .group_by(Store.id, Store.name)
        .order_by(sums[2].desc(), Store.name)
    ).all()
    known = sa.select(sa.func.count(OfferMemberUses.customer_id.distinct())).where(
        OfferMemberUses.offer_id == offer_id, OfferMemberUses.uses > 0
    )
    return Given(
        uses=sum(row[1] for row in days),
        baskets=sum(row[2] for row in days),
        members=session.scalar(known) if store_ids is None else None,
        given_minor=sum(row[3] for row in days),
        days=[Part(*row) for row in days],
        stores=[Part(*row) for row in stores],
    )
