"""Seals what coupons were issued as in a chain of keyed hashes, in batches outside of the sale, and proves the chain.

A coupon moves with its customer when two become one, so whose it is isn't sealed.
"""

import datetime as dt
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, NotAsSealed, first_break, link
from erp_club.promotions.coupons.models import TERMS, Coupon, CouponCode, CouponSeal

_READ = 10_000


def seal_coupons(session: Session, *, now: dt.datetime, limit: int) -> int:
    """Add up to `limit` coupons that aren't sealed to the chain; gives how many. Two at once wait: it has one end."""
    keyring = keyring_of(session, writes=True)
    session.execute(sa.text("LOCK TABLE coupon_seals IN SHARE ROW EXCLUSIVE MODE"))
    last = session.execute(sa.select(CouponSeal.n, CouponSeal.hash).order_by(CouponSeal.n.desc()).limit(1)).first()
    n, end = (last[0], last[1]) if last else (0, BEGINNING)
    waiting = _told().where(CouponSeal.n.is_(None)).order_by(CouponCode.code).limit(limit)
    rows: list[dict[str, object]] = []
    for _, code, _, digest in session.execute(waiting):
        n, end = n + 1, _link(keyring, end, n + 1, code, digest)
        rows.append({"n": n, "code": code, "hash": end, "at": now})
    if rows:
        session.execute(sa.insert(CouponSeal), rows)
    return len(rows)


def unsealed_coupons(session: Session) -> int:
    """How many coupons wait for their seal."""
    sealed = sa.exists().where(CouponSeal.code == CouponCode.code)
    return session.scalar(sa.select(sa.func.count()).select_from(CouponCode).where(~sealed)) or 0


def coupons_not_as_sealed(session: Session) -> NotAsSealed | None:
    """The first coupon that isn't what it was issued as, or link that isn't what it was; None is what it should be."""
    follow = partial(_link, keyring_of(session))
    chain = _told().where(CouponSeal.n.is_not(None)).order_by(CouponSeal.n).execution_options(yield_per=_READ)
    with session.execute(chain) as rows:
        links = ((n, code, kept, digest) for n, code, kept, digest in rows)
        return first_break(links, follow, sealed="coupon_codes", seals="coupon_seals")


def _told() -> sa.Select[*tuple[Any, ...]]:
    """Each link and each coupon with its digest now: of its code, its batch, and what the code was issued as."""
    terms = [CouponCode.__table__.c[name] for name in TERMS]
    told = sa.cast(sa.func.jsonb_build_array(CouponCode.code, Coupon.batch_id, *terms), sa.Text)
    digest = sa.func.sha256(sa.func.convert_to(told, "UTF8"), type_=sa.LargeBinary())
    return (
        sa.select(
            CouponSeal.n,
            sa.func.coalesce(CouponSeal.code, CouponCode.code),
            CouponSeal.hash,
            sa.case((CouponCode.code.is_not(None), digest)),
        )
        .select_from(CouponCode)
        .outerjoin(CouponSeal, CouponSeal.code == CouponCode.code, full=True)
        .outerjoin(Coupon, (Coupon.customer_id == CouponCode.customer_id) & (Coupon.id == CouponCode.coupon_id))
    )


def _link(keyring: Keyring, end: bytes, n: int, code: str, digest: bytes) -> bytes:
    return link(keyring, "coupons", end, n, code.encode(), digest)
