"""Which batch gives the coupons of a rule: what was given keeps its terms, so other terms have a batch of their own."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.programmes.engine.gifts import CouponGiven, Given
from erp_club.promotions import documents
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.models import StoredOffer
from erp_club.promotions.queries import version as offer_version

_LONGEST = 50


def variant(code: str, number: int) -> str:
    """The code of the `number`th terms of what is kept under a code: the code itself for the first."""
    if number == 1:
        return code
    end = f".V{number}"
    if len(code) + len(end) <= _LONGEST:
        return code + end
    digest = hashlib.sha256(code.encode()).hexdigest()[:8].upper()
    return f"{code[: _LONGEST - 9 - len(end)]}.{digest}{end}"


def current_number(session: Session, code: str) -> int:
    """How many terms there have been, of which the last one holds; 1 where there is none yet."""
    number = 1
    while session.scalar(sa.select(CouponBatch.id).where(CouponBatch.code == variant(code, number + 1))) is not None:
        number += 1
    return number


def current(session: Session, gives: Given) -> Given:
    """A coupon of the batch that holds now; anything else as it is."""
    if not isinstance(gives, CouponGiven):
        return gives
    number = current_number(session, gives.batch)
    return gives if number == 1 else gives.model_copy(update={"batch": variant(gives.batch, number)})


def same_offer(session: Session, offer: Offer) -> bool:
    """Whether the offer that is kept under this code gives the same, to the same people, whatever it is called."""
    asked = sa.select(StoredOffer.id, StoredOffer.latest_no).where(StoredOffer.code == offer.code)
    held = session.execute(asked).one_or_none()
    if held is None:
        return False
    latest = offer_version(session, held.id, held.latest_no).offer
    return documents.whole(latest) | {"names": None} == documents.whole(offer) | {"names": None}
