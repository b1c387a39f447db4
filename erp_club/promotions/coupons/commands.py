"""What sales do with coupons: hold them for a quote, let them go, use them, get new ones; and wrong codes counted.

Reserving and using are one statement each. What two tills want at once is settled by the row that both must write: the
reservation of a coupon with one use, the coupon itself when it is used. Several rows are taken in the order of their
keys, so that no two sales wait for each other. A batch's row comes last, since all tills that issue of it share it.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.permissions.tries.commands import tell_guessing
from erp_club.permissions.tries.kinds import Kind
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.codes import new_codes, normalised
from erp_club.promotions.coupons.kinds import ANYBODY, BatchState, CouponState
from erp_club.promotions.coupons.models import (
    TERMS,
    Coupon,
    CouponBatch,
    CouponCode,
    CouponReservation,
    CouponUse,
    WrongCode,
)
from erp_club.promotions.coupons.queries import CUSTOMER, HELD_ELSEWHERE, IS_SPENT, NOW, ROOM, SALE

MOST_WRONG = 10
"""So many different wrong codes within `WRONG_WITHIN` lock a till for `LOCKED_FOR`."""
WRONG_WITHIN = dt.timedelta(minutes=10)
LOCKED_FOR = dt.timedelta(minutes=10)
KEPT_PAST = dt.timedelta(days=1)
"""So long reservations that ran out stay before somebody else's reservation clears them away."""
CHUNK = 50_000
"""So many coupons are written by one statement."""


def release(session: Session, sale_id: str) -> None:
    """Let go of what the sale holds; a sale that holds nothing may ask too."""
    session.connection().execute(RELEASE, {"coupon_sale": sale_id})


def use(
    session: Session,
    gave: Mapping[int, int],
    *,
    customer_id: int,
    receipt_id: int,
    sale_id: str,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Use the coupons of `gave`, by id with the minor units that each gave, for the customer's receipt.

    The receipt stands already. What the sale held is free afterwards. Raises Conflict `quote-changed` where one of them
    is used up, blocked, held by another sale, or hasn't that much left; then the caller's transaction has to end.
    """
    if not gave:
        release(session, sale_id)
        return
    values = {
        "coupon_ids": list(gave),
        "coupon_gave": list(gave.values()),
        "coupon_customer": customer_id,
        "coupon_receipt": receipt_id,
        "coupon_sale": sale_id,
        "coupon_now": now,
        "coupon_staff": by.staff_id,
        "coupon_terminal": by.terminal_id,
        "coupon_store": by.store_id,
    }
    if session.connection().execute(USE, values).scalar_one() != len(gave):
        raise errors.quote_changed()


def issue(
    session: Session,
    batch_code: str,
    count: int,
    *,
    customer_id: int,
    now: dt.datetime,
    today: dt.date,
    by: Actor,
    receipt_id: int | None = None,
) -> tuple[str, ...]:
    """Issue coupons with a sale and give their codes: as many as asked, or fewer where the batch has no more to give.

    None come of a batch that isn't there, isn't active or has ended, and none of a personal one for nobody known: the
    sale goes on without. Call it last in a sale, several batches in the order of their codes.
    """
    batch = session.execute(
        sa.select(CouponBatch).where(CouponBatch.code == batch_code).with_for_update(key_share=True)
    ).scalar_one_or_none()
    if batch is None or batch.state != BatchState.ACTIVE or (batch.valid_to is not None and batch.valid_to < today):
        return ()
    if batch.personal and customer_id == ANYBODY:
        return ()
    wanted = count if batch.most is None else min(count, batch.most - batch.issued)
    if wanted <= 0:
        return ()
    owner = customer_id if batch.personal else ANYBODY
    receipt = (None, None) if receipt_id is None else (customer_id, receipt_id)
    made = write_coupons(session, batch, [owner] * wanted, receipt=receipt, now=now, today=today, by=by)
    batch.issued += wanted
    session.flush()
    return made


def write_coupons(
    session: Session,
    batch: CouponBatch,
    owners: Sequence[int],
    *,
    now: dt.datetime,
    today: dt.date,
    by: Actor,
    receipt: tuple[int | None, int | None] = (None, None),
) -> tuple[str, ...]:
    """A coupon of the batch for each owner (0 is a bearer's), as its terms are now; the codes in the same order.

    The caller counts them in the batch.
    """
    values = {
        "batch_id": batch.id,
        "uses": batch.uses,
        "worth": batch.worth_minor,
        "last_day": None if batch.days_from_issue is None else today + dt.timedelta(days=batch.days_from_issue),
        "now": now,
        "staff": by.staff_id,
        "receipt_customer": receipt[0],
        "receipt": receipt[1],
    }
    made: list[str] = []
    for start in range(0, len(owners), CHUNK):
        part = list(owners[start : start + CHUNK])
        made += _write(session, part, batch.prefix, values)
    return tuple(made)


def _write(session: Session, owners: list[int], prefix: str, values: Mapping[str, Any]) -> list[str]:
    while True:
        codes = list(new_codes(len(owners), prefix=prefix))
        try:
            with session.begin_nested():
                session.connection().execute(WRITE, {**values, "owners": owners, "codes": codes})
        except IntegrityError as error:
            # A code that is there already, or twice among these: others are drawn. Anything else is a fault of ours.
            if "pk_coupon_codes" not in str(error.orig):
                raise
        else:
            return codes


def count_wrong(session: Session, scope: str, texts: Collection[str], *, now: dt.datetime) -> None:
    """Count wrong codes at a till or by a person (`scope`, as `terminal:7`); the one too many locks it.

    The same code again is no new attempt, so a basket that is priced with every item counts it once.
    """
    if not texts:
        return
    # One at a time for each till: two requests at once would each see one too few.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"coupon-entry {scope}", 0))))
    session.execute(sa.delete(WrongCode).where(WrongCode.scope == scope, WrongCode.at <= now - WRONG_WITHIN))
    hashes = {hashlib.sha256(normalised(text).encode(errors="replace")).digest() for text in texts}
    session.execute(
        insert(WrongCode)
        .values([{"scope": scope, "code_hash": each, "at": now} for each in sorted(hashes)])
        .on_conflict_do_nothing()
    )
    counted = sa.select(sa.func.count()).where(WrongCode.scope == scope)
    in_all = session.scalar(sa.select(sa.func.count()).where(WrongCode.at > now - WRONG_WITHIN)) or 0
    locked = (session.scalar(counted) or 0) >= MOST_WRONG
    if locked:
        session.execute(
            sa.update(WrongCode)
            .where(WrongCode.scope == scope, WrongCode.at == now)
            .values(locked_until=now + LOCKED_FOR)
        )
    until = now + LOCKED_FOR if locked else None
    tell_guessing(session, Kind.COUPONS, scope, now=now, until=until, in_all=in_all)


IDS = sa.bindparam("coupon_ids", type_=ARRAY(sa.BigInteger))
UNTIL = sa.bindparam("coupon_until", type_=sa.DateTime(timezone=True))
MINE_OR_BEARER = Coupon.customer_id.in_((sa.literal_column("0", sa.BigInteger()), CUSTOMER))

RELEASE = sa.delete(CouponReservation).where(CouponReservation.sale_id == SALE)
"""Lets go of what a sale holds; may stand as a CTE in another statement."""


def _reserve() -> sa.Select[Any]:
    others = RELEASE.where(CouponReservation.coupon_id != sa.all_(IDS)).cte("others")
    key = (CouponReservation.customer_id, CouponReservation.coupon_id, CouponReservation.slot)
    past = sa.bindparam("coupon_past", type_=sa.DateTime(timezone=True))
    forgotten = (
        sa.select(*key)
        .where(CouponReservation.until < past, CouponReservation.coupon_id != sa.all_(IDS))
        .order_by(CouponReservation.until)
        .limit(20)
        .with_for_update(skip_locked=True)
    )
    cleared = sa.delete(CouponReservation).where(sa.tuple_(*key).in_(forgotten)).cte("cleared")
    slot = sa.case(
        ((Coupon.uses == 1) | Coupon.worth_minor.is_not(None), sa.literal_column("''", sa.Text())),
        else_=SALE,
    )
    wanted = (
        sa.select(Coupon.customer_id, Coupon.id, slot, SALE, UNTIL)
        .where(
            MINE_OR_BEARER,
            Coupon.id == sa.any_(IDS),
            Coupon.state == CouponState.ACTIVE,
            ~IS_SPENT,
            HELD_ELSEWHERE < ROOM,
        )
        .order_by(Coupon.customer_id, Coupon.id)
    )
    inserted = insert(CouponReservation).from_select(["customer_id", "coupon_id", "slot", "sale_id", "until"], wanted)
    held = (
        inserted.on_conflict_do_update(
            index_elements=key,
            set_={"sale_id": inserted.excluded.sale_id, "until": inserted.excluded.until},
            where=(CouponReservation.until <= NOW) | (CouponReservation.sale_id == inserted.excluded.sale_id),
        )
        .returning(CouponReservation.coupon_id)
        .cte("held")
    )
    return sa.select(sa.func.count()).select_from(held).add_cte(others, cleared)


def _use() -> sa.Select[Any]:
    gave = sa.func.unnest(IDS, sa.bindparam("coupon_gave", type_=ARRAY(sa.BigInteger)))
    rows = gave.table_valued(sa.column("coupon_id", sa.BigInteger), sa.column("minor", sa.BigInteger), name="gave")
    rows = rows.render_derived(name="gave")
    locked = (
        sa.select(Coupon.id)
        .where(MINE_OR_BEARER, Coupon.id == sa.any_(IDS))
        .order_by(Coupon.customer_id, Coupon.id)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    taken = (
        sa.update(Coupon)
        .values(used=Coupon.used + 1, given_minor=Coupon.given_minor + rows.c.minor)
        .where(
            MINE_OR_BEARER,
            Coupon.id == rows.c.coupon_id,
            CouponBatch.id == Coupon.batch_id,
            CouponBatch.state != BatchState.BLOCKED,
            Coupon.state == CouponState.ACTIVE,
            ~IS_SPENT,
            HELD_ELSEWHERE < ROOM,
            Coupon.worth_minor.is_(None) | (Coupon.given_minor + rows.c.minor <= Coupon.worth_minor),
            # Only asking for them takes the locks, in their order, before the first row is written.
            sa.select(sa.func.count()).select_from(locked).scalar_subquery() >= 0,
        )
        .returning(Coupon.customer_id, Coupon.id, Coupon.batch_id, Coupon.used, rows.c.minor)
        .cte("taken")
    )
    place = {f"{name}_id": sa.bindparam(f"coupon_{name}", type_=sa.Integer) for name in ("staff", "terminal", "store")}
    values: dict[str, Any] = {
        "customer_id": taken.c.customer_id,
        "coupon_id": taken.c.id,
        "use_no": taken.c.used,
        "batch_id": taken.c.batch_id,
        "receipt_customer_id": CUSTOMER,
        "receipt_id": sa.bindparam("coupon_receipt", type_=sa.BigInteger),
        "given_minor": taken.c.minor,
        "at": NOW,
        **place,
    }
    uses = sa.insert(CouponUse).from_select(list(values), sa.select(*values.values())).cte("uses")
    return sa.select(sa.func.count()).select_from(taken).add_cte(uses, RELEASE.cte("freed"))


def _write_statement() -> sa.Insert:
    rows = sa.func.unnest(
        sa.bindparam("owners", type_=ARRAY(sa.BigInteger)), sa.bindparam("codes", type_=ARRAY(sa.Text))
    ).table_valued(sa.column("owner", sa.BigInteger), sa.column("code", sa.Text), name="wanted")
    rows = rows.render_derived(name="wanted")
    given: dict[str, Any] = {
        "customer_id": rows.c.owner,
        "code": rows.c.code,
        "batch_id": sa.bindparam("batch_id", type_=sa.Integer),
        "uses": sa.bindparam("uses", type_=sa.Integer),
        "worth_minor": sa.bindparam("worth", type_=sa.BigInteger),
        "last_day": sa.bindparam("last_day", type_=sa.Date),
        "issued_at": sa.bindparam("now", type_=sa.DateTime(timezone=True)),
        "issued_by": sa.bindparam("staff", type_=sa.Integer),
        "receipt_customer_id": sa.bindparam("receipt_customer", type_=sa.BigInteger),
        "receipt_id": sa.bindparam("receipt", type_=sa.BigInteger),
    }
    made = (
        sa.insert(Coupon)
        .from_select(list(given), sa.select(*given.values()).select_from(rows))
        .returning(
            *(Coupon.code, Coupon.customer_id, Coupon.id),
            *(Coupon.uses, Coupon.worth_minor, Coupon.first_day, Coupon.last_day),
        )
        .cte("made")
    )
    return sa.insert(CouponCode).from_select(["code", "customer_id", "coupon_id", *TERMS], sa.select(made))


# Built once: sales ask them all day.
RESERVE, USE, WRITE = _reserve(), _use(), _write_statement()
