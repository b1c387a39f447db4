"""What is done with offers: writing, publishing, pausing, ending.

What tills price with changes only here, and every such change draws a new version of the catalogue.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.permissions.actors import Actor
from erp_club.promotions import documents, errors, queries
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import (
    OfferCatalogue,
    OfferUses,
    OfferVersion,
    StoredOffer,
)
from erp_club.promotions.naming import queries as naming


@dataclass(frozen=True, slots=True)
class _Held:
    """A locked offer."""

    id: int
    code: str
    state: OfferState
    live_no: int | None
    latest_no: int
    revision: int


def create_offer(session: Session, offer: Offer, *, now: dt.datetime, by: Actor) -> int:
    """Write an offer down as a draft and give its id. Raises Conflict `offer-code-taken`."""
    offer_id = session.scalar(
        insert(StoredOffer)
        .values(code=offer.code, state=OfferState.DRAFT, created_at=now)
        .on_conflict_do_nothing(index_elements=[StoredOffer.code])
        .returning(StoredOffer.id)
    )
    if offer_id is None:
        raise errors.code_taken()
    _write_version(session, offer_id, 1, offer, now=now, by=by)
    _record(session, "create", offer_id, after=documents.short(offer), now=now, by=by)
    return offer_id


def change_offer(session: Session, offer_id: int, offer: Offer, *, revision: int, now: dt.datetime, by: Actor) -> None:
    """Write the offer anew as it stood at `revision`. A published version stays; the change is a draft beside it.

    Raises NotFound, Conflict `stale`, `offer-ended`, `offer-code-fixed` once it was published, `offer-code-taken`.
    """
    held = _lock(session, offer_id, revision)
    if held.state is OfferState.ENDED:
        raise errors.ended()
    if offer.code != held.code and held.state is not OfferState.DRAFT:
        raise errors.code_fixed()
    before = queries.version(session, offer_id, held.latest_no).offer
    if documents.whole(before) == documents.whole(offer):
        return
    version_no = held.latest_no + 1 if held.latest_no == held.live_no else held.latest_no
    try:
        with session.begin_nested():
            _change(session, held, code=offer.code, latest_no=version_no)
    except IntegrityError as error:
        # Of what is written here only the code can meet another offer's.
        raise errors.code_taken() from error
    _write_version(session, offer_id, version_no, offer, now=now, by=by)
    old, new = documents.short(before), documents.short(offer)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    _record(
        session,
        "change",
        offer_id,
        before={name: old.get(name) for name in changed},
        after={name: new.get(name) for name in changed},
        now=now,
        by=by,
    )


def copy_offer(session: Session, offer_id: int, *, now: dt.datetime, by: Actor) -> int:
    """Write a draft with the newest version's content under the next free code, and give its id. Raises NotFound."""
    source = queries.offer(session, offer_id)
    code = queries.free_code(session, source.code)
    return create_offer(session, source.latest.offer.model_copy(update={"code": code}), now=now, by=by)


def delete_draft(session: Session, offer_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Take away an offer that was never published. Raises NotFound, Conflict `offer-not-draft`."""
    held = _lock(session, offer_id)
    if held.state is not OfferState.DRAFT:
        raise errors.not_draft()
    before = documents.short(queries.version(session, offer_id, held.latest_no).offer)
    session.execute(sa.delete(StoredOffer).where(StoredOffer.id == offer_id))
    _record(session, "delete", offer_id, before=before, now=now, by=by)


def publish_offer(
    session: Session,
    offer_id: int,
    *,
    language: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    names_may_come: bool = False,
) -> int:
    """Put the newest version in force, paused or not, and give its number; from its first day on it gives.

    `names_may_come`: products and groups that it names needn't be there yet, as those of a club's rules.

    Raises NotFound, Conflict `offer-ended` or `offer-nothing-new`, Invalid with a fault for each field of the document
    that stands in the way (texts in the chain's `language`, things that don't exist, dates).
    """
    held = _lock(session, offer_id)
    if held.state is OfferState.ENDED:
        raise errors.ended()
    if held.latest_no == held.live_no:
        raise errors.nothing_new()
    offer = queries.version(session, offer_id, held.latest_no).offer
    if names_may_come:
        found = documents.faults(offer, language=language, today=today)
    else:
        found = publishing_faults(session, offer, language=language, today=today)
    if found:
        raise Invalid(found)
    session.execute(
        sa.update(OfferVersion)
        .where(OfferVersion.offer_id == offer_id, OfferVersion.version_no == held.latest_no)
        .values(published_at=now)
    )
    session.execute(insert(OfferUses).values(offer_id=offer_id).on_conflict_do_nothing())
    _change(session, held, state=OfferState.PUBLISHED, live_no=held.latest_no, counted=offer.limits.counted)
    draw_version(session)
    before, after = (
        {"state": state.value, "version": number}
        for state, number in ((held.state, held.live_no), (OfferState.PUBLISHED, held.latest_no))
    )
    _record(session, "publish", offer_id, before=before, after=after, now=now, by=by)
    return held.latest_no


def publishing_faults(session: Session, offer: Offer, *, language: str, today: dt.date) -> list[FieldError]:
    """All that stands in the way of publishing it."""
    found = documents.faults(offer, language=language, today=today)
    missing = naming.missing(session, documents.named(offer))
    return [*found, *(documents.unknown(name) for name in missing)]


def pause_offer(session: Session, offer_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let it give nothing until it is resumed. Raises NotFound, Conflict `offer-not-published`."""
    held = _lock(session, offer_id)
    if held.state is not OfferState.PUBLISHED:
        raise errors.not_published()
    _set_state(session, held, OfferState.PAUSED, "pause", now=now, by=by)


def resume_offer(session: Session, offer_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a paused offer give again. Raises NotFound, Conflict `offer-not-paused`."""
    held = _lock(session, offer_id)
    if held.state is not OfferState.PAUSED:
        raise errors.not_paused()
    _set_state(session, held, OfferState.PUBLISHED, "resume", now=now, by=by)


def end_offer(session: Session, offer_id: int, *, now: dt.datetime, by: Actor) -> None:
    """End it for good; its uses and versions stay. Raises NotFound, Conflict `offer-draft` or `offer-ended`."""
    held = _lock(session, offer_id)
    if held.state is OfferState.DRAFT:
        raise errors.never_published()
    if held.state is OfferState.ENDED:
        raise errors.ended()
    _set_state(session, held, OfferState.ENDED, "end", now=now, by=by)


def _lock(session: Session, offer_id: int, revision: int | None = None) -> _Held:
    row = session.execute(
        sa.select(
            StoredOffer.id,
            StoredOffer.code,
            StoredOffer.state,
            StoredOffer.live_no,
            StoredOffer.latest_no,
            StoredOffer.revision,
        )
        .where(StoredOffer.id == offer_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise errors.no_offer()
    if revision is not None and row.revision != revision:
        raise errors.stale()
    return _Held(row.id, row.code, OfferState(row.state), row.live_no, row.latest_no, row.revision)


def _change(session: Session, held: _Held, **values: Any) -> None:
    session.execute(
        sa.update(StoredOffer).where(StoredOffer.id == held.id).values(**values, revision=StoredOffer.revision + 1)
    )


def _write_version(
    session: Session, offer_id: int, version_no: int, offer: Offer, *, now: dt.datetime, by: Actor
) -> None:
    values = {"document": documents.whole(offer), "changed_at": now, "staff_id": by.staff_id}
    session.execute(
        insert(OfferVersion)
        .values(offer_id=offer_id, version_no=version_no, **values)
        .on_conflict_do_update(index_elements=[OfferVersion.offer_id, OfferVersion.version_no], set_=values)
    )


def _set_state(session: Session, held: _Held, state: OfferState, verb: str, *, now: dt.datetime, by: Actor) -> None:
    _change(session, held, state=state)
    draw_version(session)
    _record(session, verb, held.id, before={"state": held.state.value}, after={"state": state.value}, now=now, by=by)


def draw_version(session: Session) -> None:
    """Say that offers are others than they were: whoever keeps them reads them again."""
    session.execute(sa.update(OfferCatalogue).values(version=sa.func.gen_random_uuid()))


def _record(
    session: Session,
    verb: str,
    offer_id: int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    now: dt.datetime,
    by: Actor,
) -> None:
    audit.record(
        session, by=by, now=now, action=f"offer.{verb}", entity="offer", entity_id=offer_id, before=before, after=after
    )
