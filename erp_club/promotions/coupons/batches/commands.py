"""What head office does with batches of coupons: setting them up, issuing of them, blocking them or one coupon."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.batches.settings import FIXED, BatchSettings, changed, faults
from erp_club.promotions.coupons.commands import write_coupons
from erp_club.promotions.coupons.kinds import ANYBODY, BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.segments.saved import listed

_trace = functools.partial(audit.trace, "coupon_batch")

SETTINGS = tuple(field.name for field in dataclasses.fields(BatchSettings))


def create_batch(session: Session, settings: BatchSettings, *, language: str, now: dt.datetime, by: Actor) -> int:
    """Set up a batch, of which coupons can be issued at once, and give its id; `language` is the chain's.

    Raises Invalid with a fault for each field, Conflict `batch-code-taken`.
    """
    _check(settings, language)
    batch_id = session.scalar(
        insert(CouponBatch)
        .values(dataclasses.asdict(settings) | {"created_at": now})
        .on_conflict_do_nothing(index_elements=[CouponBatch.code])
        .returning(CouponBatch.id)
    )
    if batch_id is None:
        raise errors.code_taken()
    _trace(session, batch_id, "create", None, dataclasses.asdict(settings), now=now, by=by)
    return batch_id


def change_batch(
    session: Session,
    batch_id: int,
    settings: BatchSettings,
    *,
    version: int,
    language: str,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Give the batch as it stood at `version` these settings; the audit keeps what changed.

    Days hold for coupons that are out too, except those that end so many days after issue; uses and worth for new ones.
    Raises NotFound, Conflict `stale`, `batch-code-taken` or `batch-fixed` (coupons are out), Invalid.
    """
    batch = _held(session, batch_id)
    if batch.version != version:
        raise errors.stale()
    old = settings_of(batch)
    _check(settings, language, issued=batch.issued)
    after = changed(old, settings)
    for field in FIXED:
        if field in after and batch.issued:
            raise errors.fixed(field)
    if not after:
        return
    before = {name: getattr(batch, name) for name in after}
    try:
        with session.begin_nested():
            for name, value in after.items():
                setattr(batch, name, value)
            batch.version = version + 1
    except IntegrityError as error:
        # Of what the check lets through, only the code can still meet another batch's.
        raise errors.code_taken() from error
    _trace(session, batch_id, "change", before, after, now=now, by=by)


def set_batch_state(session: Session, batch_id: int, state: BatchState, *, now: dt.datetime, by: Actor) -> None:
    """Close, block or open a batch. Raises NotFound, Conflict `state-already`."""
    batch = _held(session, batch_id)
    if batch.state == state:
        raise errors.state_already()
    before = BatchState(batch.state)
    batch.state = state
    batch.version += 1
    session.flush()
    verb = {BatchState.ACTIVE: "activate", BatchState.CLOSED: "close", BatchState.BLOCKED: "block"}[state]
    _trace(session, batch_id, verb, {"state": before}, {"state": state}, now=now, by=by)


def generate(session: Session, batch_id: int, count: int, *, now: dt.datetime, today: dt.date, by: Actor) -> None:
    """Issue so many bearer coupons, for printing or sending.

    Raises NotFound, Conflict `batch-personal`, `batch-not-active`, `batch-ended` or `batch-limit`.
    """
    batch = check_generate(session, batch_id, count, today=today)
    _issue(session, batch, [ANYBODY] * count, now=now, today=today, by=by)


def check_generate(session: Session, batch_id: int, count: int, *, today: dt.date) -> CouponBatch:
    """The batch, if so many bearer coupons of it may be issued. Raises as `generate` does."""
    batch = _open(session, batch_id, today)
    if batch.personal:
        raise errors.personal()
    _check_limit(batch, count)
    return batch


def assign(
    session: Session, batch_id: int, numbers: Sequence[str], *, now: dt.datetime, today: dt.date, by: Actor
) -> int:
    """Issue a personal coupon to each customer of these numbers, one to a number that is there twice; gives how many.

    Raises NotFound, Invalid where a number is nobody's (then nobody gets one), Conflict `batch-bearer` and those of
    `generate`.
    """
    batch = check_assign(session, batch_id, today=today)
    wanted = list(dict.fromkeys(numbers))
    found = {
        row.number: row.id
        for row in session.execute(
            sa.select(Customer.number, sa.func.coalesce(Customer.merged_into, Customer.id).label("id")).where(
                Customer.number.in_(wanted), Customer.state != CustomerState.ERASED, Customer.id != UNIDENTIFIED
            )
        )
    }
    missing = [number for number in wanted if number not in found]
    if missing:
        raise errors.unknown_customers(missing)
    whom = list(dict.fromkeys(found[number] for number in wanted))
    _issue(session, batch, whom, now=now, today=today, by=by)
    return len(whom)


def assign_segment(
    session: Session,
    batch_id: int,
    segment_id: int,
    *,
    after: int = 0,
    limit: int,
    now: dt.datetime,
    today: dt.date,
    by: Actor,
) -> tuple[int | None, int]:
    """Issue a personal coupon to each of the next customers who are kept as being in a segment, in order of their ids.

    Gives the last one's id, None where nobody is left, and how many got one. Raises as `assign` does.
    """
    batch = check_assign(session, batch_id, today=today)
    asked = _in_segment(segment_id).where(Customer.id > after).order_by(Customer.id).limit(limit)
    whom = session.scalars(asked).all()
    if whom:
        _issue(session, batch, whom, now=now, today=today, by=by)
    return (whom[-1] if len(whom) == limit else None), len(whom)


def check_assign(session: Session, batch_id: int, *, today: dt.date, count: int = 0) -> CouponBatch:
    """The batch, if so many personal coupons of it may be issued. Raises as `assign` does."""
    batch = _open(session, batch_id, today)
    if not batch.personal:
        raise errors.bearer()
    _check_limit(batch, count)
    return batch


def in_segment(session: Session, segment_id: int) -> int:
    """How many living customers are kept as being in a segment."""
    return session.scalar(sa.select(sa.func.count()).select_from(_in_segment(segment_id).subquery())) or 0


def _in_segment(segment_id: int) -> sa.Select[int]:
    living = (Customer.state == CustomerState.ACTIVE, Customer.id != UNIDENTIFIED)
    return sa.select(Customer.id).where(Customer.id.in_(listed(segment_id)), *living)


def set_coupon_state(session: Session, coupon_id: int, state: CouponState, *, now: dt.datetime, by: Actor) -> None:
    """Block one coupon, unblock it, or take it back for good.

    Raises NotFound, Conflict `state-already`, `coupon-taken-back`.
    """
    row = session.execute(
        sa.select(Coupon.customer_id, Coupon.state).where(Coupon.id == coupon_id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise errors.no_coupon()
    if row.state == state:
        raise errors.state_already()
    if row.state == CouponState.TAKEN_BACK:
        raise errors.coupon_taken_back()
    session.execute(
        sa.update(Coupon).where(Coupon.customer_id == row.customer_id, Coupon.id == coupon_id).values(state=state)
    )
    audit.record(
        session,
        by=by,
        now=now,
        action="coupon.activate" if state is CouponState.ACTIVE else "coupon.block",
        entity="coupon",
        entity_id=coupon_id,
        customer_id=row.customer_id or None,
        before={"state": row.state},
        after={"state": state},
    )


def record_export(session: Session, batch_id: int, *, kind: str, now: dt.datetime, by: Actor) -> None:
    """Keep who took the codes of a batch out, as a file or on paper: they are worth money."""
    _trace(session, batch_id, "export", None, {"file": kind}, now=now, by=by)


def settings_of(batch: CouponBatch) -> BatchSettings:
    """The batch as it is set."""
    return BatchSettings(**{name: getattr(batch, name) for name in SETTINGS})


def _check(settings: BatchSettings, language: str, *, issued: int = 0) -> None:
    found = faults(settings, language=language, issued=issued)
    if found:
        raise Invalid(found)


def _held(session: Session, batch_id: int) -> CouponBatch:
    batch = session.get(CouponBatch, batch_id, with_for_update={"key_share": True}, populate_existing=True)
    if batch is None:
        raise errors.no_batch()
    return batch


def _open(session: Session, batch_id: int, today: dt.date) -> CouponBatch:
    """The batch, if anything may be issued of it. It isn't locked: tills issue of it while we write a million."""
    batch = session.get(CouponBatch, batch_id, populate_existing=True)
    if batch is None:
        raise errors.no_batch()
    if batch.state != BatchState.ACTIVE:
        raise errors.not_active()
    if batch.valid_to is not None and batch.valid_to < today:
        raise errors.ended(batch.valid_to)
    return batch


def _check_limit(batch: CouponBatch, count: int) -> None:
    if batch.most is not None and batch.issued + count > batch.most:
        raise errors.not_so_many(batch.most - batch.issued)


def _issue(
    session: Session, batch: CouponBatch, owners: Sequence[int], *, now: dt.datetime, today: dt.date, by: Actor
) -> None:
    count = len(owners)
    _check_limit(batch, count)
    write_coupons(session, batch, owners, now=now, today=today, by=by)
    counted = session.execute(
        sa.update(CouponBatch)
        .where(
            CouponBatch.id == batch.id,
            CouponBatch.state == BatchState.ACTIVE,
            CouponBatch.most.is_(None) | (CouponBatch.issued + count <= CouponBatch.most),
        )
        .values(issued=CouponBatch.issued + count)
        .returning(CouponBatch.issued)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if counted is None:
        raise errors.changed_meanwhile()
    session.expire(batch)
    _trace(session, batch.id, "issue", None, {"rows": count}, now=now, by=by)
