"""What is done with offers: writing, publishing, pausing, ending; and counting their uses when a sale is committed.

What tills price with changes only here, and every such change draws a new version of the catalogue.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.permissions.actors import Actor
from erp_club.promotions import documents, errors, queries
from erp_club.promotions.engine.facts import Used
from erp_club.promotions.engine.offer import Limits, Offer
from erp_club.promotions.engine.priced import Applied
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import (
    OfferCatalogue,
    OfferDayUses,
    OfferMemberUses,
    OfferUses,
    OfferVersion,
    StoredOffer,
)
from erp_club.promotions.naming import queries as naming
from erp_club.promotions.own_days import queries as own_days


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


def count_uses(
    session: Session, applied: Sequence[Applied], *, customer_id: int, store_id: int, on: dt.date
) -> dict[str, int]:
    """Take the uses and the budget of what a sale on the store's day `on` applied; gives the offers' ids by code.

    `customer_id` is 0 for nobody known, who has no limits per member. Call it last before the commit: it holds the row
    of each offer, in the order of their ids, and waits for other sales that hold them. Raises Conflict `quote-changed`
    (facts: `offers`, the codes) where a limit or budget of the version in force would be passed; a quote may be some
    minutes old, so an offer that was paused meanwhile still counts.
    """
    wanted: dict[str, tuple[int, int]] = {}
    for each in applied:
        times, given = wanted.get(each.offer, (0, 0))
        wanted[each.offer] = times + each.times, given + each.amount_minor
    if not wanted:
        return {}
    held = session.connection().execute(_COUNTERS, {"codes": list(wanted)}).all()
    limits = {row.code: Limits.model_validate(row.limits) for row in held if row.counted}
    counted = {row.code: Used(uses=row.uses, given_minor=row.given_minor) for row in held}
    if limits:
        # Read under the locks, so it holds what every sale before this one has counted.
        counted |= {
            row.code: queries.used(row)
            for row in session.connection().execute(
                _OF_HELD, {"ids": [row.id for row in held if row.counted], "customer": customer_id, "day": on}
            )
        }
    passed = [
        code for code, its in limits.items() if _passes(its, counted[code], *wanted[code], known=customer_id != 0)
    ]
    monthly = {code: its.member_month_minor for code, its in limits.items() if its.member_month_minor is not None}
    if monthly and customer_id:
        taken = queries.taken_in_month(session, customer_id, monthly, on)  # the sale's own is written already
        passed += [code for code, most in monthly.items() if taken.get(code, 0) > most and code not in passed]
    if customer_id:
        passed += own_days.passed(session, limits, {code: wanted[code][0] for code in limits}, customer_id, on)
        passed += [code for code in queries.shared_passed(session, limits, customer_id, on) if code not in passed]
    if passed:
        raise errors.quote_changed(sorted(passed))
    values = [(row.id, *wanted[row.code]) for row in held]
    session.connection().execute(
        _ADD if customer_id else _ADD_WITHOUT_MEMBER,
        {
            "ids": [offer_id for offer_id, _, _ in values],
            "times": [times for _, times, _ in values],
            "given": [given for _, _, given in values],
            "customer": customer_id,
            "store": store_id,
            "day": on,
        },
    )
    return {row.code: row.id for row in held}


def _passes(limits: Limits, used: Used, times: int, given_minor: int, *, known: bool) -> bool:
    """Whether so many more uses, giving so much more, would pass a limit."""
    asked = [
        (limits.uses, used.uses + times),
        (limits.uses_per_day, used.today + times),
        (limits.budget_minor, used.given_minor + given_minor),
    ]
    if known:
        asked += [
            (limits.per_member, used.member + times),
            (limits.per_member_day, used.member_today + times),
            (limits.per_member_week, used.member_week + times),
            (limits.per_member_month, used.member_month + times),
            (limits.per_member_quarter, used.member_quarter + times),
            (limits.per_member_half_year, used.member_half_year + times),
            (limits.per_member_year, used.member_year + times),
        ]
    return any(most is not None and then > most for most, then in asked)


_COUNTERS = (
    sa.select(
        StoredOffer.id,
        StoredOffer.code,
        StoredOffer.counted,
        OfferVersion.document["limits"].label("limits"),
        OfferUses.uses,
        OfferUses.given_minor,
    )
    .join(OfferUses, OfferUses.offer_id == StoredOffer.id)
    .join(OfferVersion, (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == StoredOffer.live_no))
    .where(StoredOffer.code == sa.any_(sa.bindparam("codes", type_=ARRAY(sa.Text))))
    .order_by(StoredOffer.id)
    .with_for_update(of=OfferUses)
)
_OF_HELD = queries.uses_of(StoredOffer.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Integer))))
_GIVEN = (
    sa.func.unnest(
        sa.bindparam("ids", type_=ARRAY(sa.Integer)),
        sa.bindparam("times", type_=ARRAY(sa.BigInteger)),
        sa.bindparam("given", type_=ARRAY(sa.BigInteger)),
    )
    .table_valued(
        sa.column("id", sa.Integer), sa.column("times", sa.BigInteger), sa.column("given", sa.BigInteger), name="g"
    )
    .render_derived()
)
_IN_ALL = (
    sa.update(OfferUses)
    .where(OfferUses.offer_id == _GIVEN.c.id)
    .values(uses=OfferUses.uses + _GIVEN.c.times, given_minor=OfferUses.given_minor + _GIVEN.c.given)
    .returning(sa.literal(1))
    .cte("in_all")
)
_TODAY = insert(OfferDayUses).from_select(
    ["offer_id", "day", "store_id", "uses", "baskets", "given_minor"],
    sa.select(
        _GIVEN.c.id,
        sa.bindparam("day", type_=sa.Date),
        sa.bindparam("store", type_=sa.Integer),
        _GIVEN.c.times,
        sa.literal(1),
        _GIVEN.c.given,
    ),
)
_ADD_WITHOUT_MEMBER = _TODAY.on_conflict_do_update(
    index_elements=[OfferDayUses.offer_id, OfferDayUses.day, OfferDayUses.store_id],
    set_={
        "uses": OfferDayUses.uses + _TODAY.excluded.uses,
        "baskets": OfferDayUses.baskets + 1,
        "given_minor": OfferDayUses.given_minor + _TODAY.excluded.given_minor,
    },
).add_cte(_IN_ALL)
_MEMBER = insert(OfferMemberUses).from_select(
    ["customer_id", "offer_id", "day", "uses"],
    sa.select(
        sa.bindparam("customer", type_=sa.BigInteger), _GIVEN.c.id, sa.bindparam("day", type_=sa.Date), _GIVEN.c.times
    ),
)
_ADD = _ADD_WITHOUT_MEMBER.add_cte(
    _MEMBER.on_conflict_do_update(
        index_elements=[OfferMemberUses.customer_id, OfferMemberUses.offer_id, OfferMemberUses.day],
        set_={"uses": OfferMemberUses.uses + _MEMBER.excluded.uses},
    )
    .returning(sa.literal(1))
    .cte("of_member")
)
