"""Freeing what sales on hold keep, whose customers didn't come back."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.purchases.baskets.held.queries import left_before
from erp_club.purchases.entitlements.commands import release_uses
from erp_club.purchases.fees.commands import cancel_fees
from erp_club.purchases.kinds import BasketState
from erp_club.purchases.models import BasketLine


def free_left(session: Session, *, before: dt.datetime, limit: int, now: dt.datetime, by: Actor) -> int:
    """Take fees, with what they were for, and uses out of sales that were begun before a moment; how many there were.

    The goods stay on hold; a sale of nothing else is given up. One that a till has just taken up is passed over.
    """
    asked = left_before(before).order_by(sa.text("opened_at"), sa.text("id")).limit(limit)
    left = session.scalars(asked.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()
    for basket in left:
        cancel_fees(session, basket, now=now, by=by)
        release_uses(session, basket)
        # What it came to counted them too; without this the goods that are there tell it.
        basket.held_minor = None
        if session.scalar(sa.select(~sa.exists().where(BasketLine.basket_id == basket.id))):
            basket.state = BasketState.DROPPED
        audit.record(session, by=by, now=now, action="basket.free", entity="basket", entity_id=basket.id)
    session.flush()
    return len(left)
