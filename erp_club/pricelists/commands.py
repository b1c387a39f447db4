"""What is done with price lists: setting them up, publishing, closing; adding, changing, removing prices, undoing that.

Every command locks the list first, so that a file that is being imported and a person don't change it at once.
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.pricelists import errors
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.models import PriceList, PriceListEntry, PriceListStore, RemovedPrice
from erp_club.pricelists.office import queries
from erp_club.pricelists.settings import EntryFields, PriceListSettings, entry_faults, list_faults

KEPT = dt.timedelta(days=30)
"""How long a removed price can be put back."""
_SAID = ("price_list_id", "product_id", "group_id", "price_minor", "off_bp", "validity", "store_id")
_trace = functools.partial(audit.trace, "price_list")


def create_list(session: Session, settings: PriceListSettings, *, language: str, now: dt.datetime, by: Actor) -> int:
    """Set up a draft and give its id; `language` is the chain's.

    Raises Invalid with a fault for each field, Conflict `price-list-code-taken`.
    """
    _check(list_faults(settings, language=language))
    try:
        with session.begin_nested():
            list_id = session.scalar(
                insert(PriceList)
                .values(**_columns(settings), state=PriceListState.DRAFT)
                .on_conflict_do_nothing(index_elements=[PriceList.code])
                .returning(PriceList.id)
            )
            if list_id is None:
                raise errors.code_taken()
            _set_stores(session, list_id, settings.stores)
    except IntegrityError as error:
        raise _gone(settings) from error
    after = {name: value for name, value in _told(settings).items() if value is not None}
    _trace(session, list_id, "create", now=now, by=by, after=after)
    return list_id


def change_list(
    session: Session,
    list_id: int,
    changes: Mapping[str, Any],
    *,
    version: int,
    language: str,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Change settings (fields of PriceListSettings) of the list as it stood at `version`.

    A published list's new settings hold for what is sold from now on. Raises NotFound, Conflict `stale`,
    `price-list-code-taken`, `price-list-code-fixed`, `price-list-closed`, Invalid with a fault for each field.
    """
    row = _lock(session, list_id)
    if row.version != version:
        raise errors.stale()
    current = queries.settings(session, list_id)
    changed = dataclasses.replace(current, **changes)
    _check(list_faults(changed, language=language))
    if changed.code != current.code and row.state is not PriceListState.DRAFT:
        raise errors.code_fixed()
    old, new = _told(current), _told(changed)
    after = {name: value for name, value in new.items() if value != old[name]}
    if not after:
        return
    try:
        with session.begin_nested():
            values = _columns(changed) | {"version": version + 1}
            session.execute(sa.update(PriceList).where(PriceList.id == list_id).values(values))
            session.execute(sa.delete(PriceListStore).where(PriceListStore.price_list_id == list_id))
            _set_stores(session, list_id, changed.stores)
    except IntegrityError as error:
        raise errors.code_taken() if "uq_price_lists_code" in str(error.orig) else _gone(changed) from error
    _trace(session, list_id, "change", now=now, by=by, before={name: old[name] for name in after}, after=after)


def publish_list(session: Session, list_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a draft's prices hold, from its first day on. Raises NotFound, Conflict `price-list-not-draft`."""
    if _lock(session, list_id, open_only=False).state is not PriceListState.DRAFT:
        raise errors.not_draft()
    _set_state(session, list_id, PriceListState.DRAFT, PriceListState.PUBLISHED)
    states = {"state": PriceListState.DRAFT}, {"state": PriceListState.PUBLISHED}
    _trace(session, list_id, "publish", now=now, by=by, before=states[0], after=states[1])


def close_list(session: Session, list_id: int, *, now: dt.datetime, by: Actor) -> None:
    """End a published list for good: from now on it prices nothing. Raises NotFound, `price-list-not-published`."""
    if _lock(session, list_id, open_only=False).state is not PriceListState.PUBLISHED:
        raise errors.not_published()
    _set_state(session, list_id, PriceListState.PUBLISHED, PriceListState.CLOSED)
    states = {"state": PriceListState.PUBLISHED}, {"state": PriceListState.CLOSED}
    _trace(session, list_id, "close", now=now, by=by, before=states[0], after=states[1])


def add_entry(session: Session, list_id: int, fields: EntryFields, *, now: dt.datetime, by: Actor) -> int:
    """Add a price to a list and give its id.

    Raises NotFound, Conflict `price-list-closed` or `price-said-twice`, Invalid with a fault for each field.
    """
    _lock(session, list_id)
    _check(entry_faults(fields))
    try:
        with session.begin_nested():
            entry_id = session.scalar(
                sa.insert(PriceListEntry)
                .values(price_list_id=list_id, **_entry_columns(fields))
                .returning(PriceListEntry.id)
            )
    except IntegrityError as error:
        raise _refused_entry(error) from error
    assert entry_id is not None
    after = _price_told(queries.entry(session, list_id, entry_id))
    _trace(session, list_id, "add_price", now=now, by=by, after=after)
    return entry_id


def change_entry(
    session: Session,
    list_id: int,
    entry_id: int,
    changes: Mapping[str, Any],
    *,
    seen: Mapping[str, Any] | None = None,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Change fields (of EntryFields) of a price. `seen` is what the form showed of them, if it says so.

    Raises NotFound, Conflict `price-list-closed`, `price-said-twice`, `stale` where it isn't any more what was seen,
    Invalid with a fault for each field.
    """
    _lock(session, list_id)
    before = _price_told(queries.entry(session, list_id, entry_id))
    current = queries.entry_fields(session, list_id, entry_id)
    if seen and any(getattr(current, name) != value for name, value in seen.items()):
        raise errors.entry_changed()
    changed = dataclasses.replace(current, **changes)
    if changed == current:
        return
    _check(entry_faults(changed))
    try:
        with session.begin_nested():
            values = _entry_columns(changed)
            session.execute(sa.update(PriceListEntry).where(PriceListEntry.id == entry_id).values(values))
    except IntegrityError as error:
        raise _refused_entry(error) from error
    after = _price_told(queries.entry(session, list_id, entry_id))
    _trace(session, list_id, "change_price", now=now, by=by, before=before, after=after)


def remove_entry(session: Session, list_id: int, entry_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Take a price out of a list; it can be put back, and the list's history keeps it for ever.

    Raises NotFound, Conflict `price-list-closed`.
    """
    _lock(session, list_id)
    before = _price_told(queries.entry(session, list_id, entry_id))
    old = sa.and_(RemovedPrice.price_list_id == list_id, RemovedPrice.removed_at < now - KEPT)
    session.execute(sa.delete(RemovedPrice).where(old))
    as_it_was = sa.select(PriceListEntry.id, *_said_by(PriceListEntry), sa.literal(now))
    kept = sa.insert(RemovedPrice).from_select(
        ["entry_id", *_SAID, "removed_at"], as_it_was.where(PriceListEntry.id == entry_id)
    )
    session.execute(kept)
    session.execute(sa.delete(PriceListEntry).where(PriceListEntry.id == entry_id))
    _trace(session, list_id, "remove_price", now=now, by=by, before=before)


def restore_entry(session: Session, list_id: int, entry_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Put a removed price back as it was, under the id that it had. One that is there again is left alone.

    Raises NotFound (after `KEPT` too), Conflict `price-list-closed`, `price-said-twice` where the list has another
    price by now.
    """
    _lock(session, list_id)
    if queries.is_there(session, list_id, entry_id):
        return
    gone = sa.and_(RemovedPrice.price_list_id == list_id, RemovedPrice.entry_id == entry_id)
    as_it_was = sa.select(RemovedPrice.entry_id, *_said_by(RemovedPrice)).where(gone)
    back = sa.insert(PriceListEntry).from_select(["id", *_SAID], as_it_was).returning(PriceListEntry.id)
    try:
        with session.begin_nested():
            found = session.scalar(back)
    except IntegrityError as error:
        raise _refused_entry(error) from error
    if found is None:
        raise errors.no_entry()
    session.execute(sa.delete(RemovedPrice).where(gone))
    after = _price_told(queries.entry(session, list_id, entry_id))
    _trace(session, list_id, "restore_price", now=now, by=by, after=after)


def _said_by(table: type[PriceListEntry] | type[RemovedPrice]) -> list[Any]:
    """What a price says, and of which list."""
    return [getattr(table, name) for name in _SAID]


@dataclasses.dataclass(frozen=True, slots=True)
class _Locked:
    state: PriceListState
    version: int


def _lock(session: Session, list_id: int, *, open_only: bool = True) -> _Locked:
    row = session.execute(
        sa.select(PriceList.state, PriceList.version).where(PriceList.id == list_id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise errors.no_list()
    state = PriceListState(row.state)
    if open_only and state is PriceListState.CLOSED:
        raise errors.closed()
    return _Locked(state, row.version)


def _set_state(session: Session, list_id: int, old: PriceListState, new: PriceListState) -> None:
    session.execute(
        sa.update(PriceList)
        .where(PriceList.id == list_id, PriceList.state == old)
        .values(state=new, version=PriceList.version + 1)
    )


def _set_stores(session: Session, list_id: int, stores: frozenset[int] | None) -> None:
    if stores:
        rows = [{"price_list_id": list_id, "store_id": store_id} for store_id in sorted(stores)]
        session.execute(sa.insert(PriceListStore), rows)


def _check(found: list[FieldError]) -> None:
    if found:
        raise Invalid(found)


def _gone(settings: PriceListSettings) -> Invalid:
    """A club or store that isn't there, of which the foreign keys know first."""
    field = "club_id" if settings.stores is None else "stores"
    return Invalid([FieldError(field, T("Choose one of the values that are offered."))])


def _refused_entry(error: IntegrityError) -> Exception:
    if "ex_price_list_entries_said_once" in str(error.orig):
        return errors.said_twice()
    return Invalid([FieldError("store_id", T("Choose one of the values that are offered."))])


def _span(first: dt.date | None, last: dt.date | None) -> Range[dt.date]:
    return Range(first, None if last is None else last + dt.timedelta(days=1))


def _columns(settings: PriceListSettings) -> dict[str, Any]:
    return {
        "code": settings.code,
        "names": dict(settings.names),
        "club_id": settings.club_id,
        "level": settings.level or None,
        "segment": settings.segment or None,
        "always": settings.always,
        "all_stores": settings.stores is None,
        "validity": _span(settings.first, settings.last),
    }


def _told(settings: PriceListSettings) -> dict[str, Any]:
    """The settings as the history keeps them."""
    told = dataclasses.asdict(settings) | {"names": dict(settings.names)}
    return told | {"stores": None if settings.stores is None else sorted(settings.stores)}


def _entry_columns(fields: EntryFields) -> dict[str, Any]:
    return {
        "product_id": fields.product_id,
        "group_id": fields.group_id,
        "price_minor": fields.price_minor,
        "off_bp": fields.off_bp,
        "store_id": fields.store_id,
        "validity": _span(fields.first, fields.last),
    }


def _price_told(row: queries.EntryRow) -> dict[str, Any]:
    """A price as the history keeps it: readable without the tables, even when the price is gone."""
    told = {"sku": row.sku, "group": row.group, "price_minor": row.price_minor, "off_bp": row.off_bp}
    told |= {"store": row.store, "first": row.first, "last": row.last}
    return {name: value for name, value in told.items() if value is not None}
