"""Which sales on hold keep something of memberships for too long."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.purchases.entitlements.kinds import UseState
from erp_club.purchases.entitlements.models import EntitlementUse
from erp_club.purchases.kinds import BasketState
from erp_club.purchases.models import Basket


def left_before(moment: dt.datetime) -> sa.Select[Any]:
    """Sales on hold that were begun before a moment and have fees that aren't paid, or uses of entitlements."""
    uses = sa.exists().where(EntitlementUse.basket_id == Basket.id, EntitlementUse.state == UseState.HELD)
    return sa.select(Basket).where(
        Basket.state == BasketState.HELD,
        Basket.opened_at < moment,
        (sa.func.cardinality(Basket.fees) > 0) | uses,
    )


def how_many(session: Session, moment: dt.datetime) -> int:
    """How many there are."""
    return session.scalar(sa.select(sa.func.count()).select_from(left_before(moment).subquery())) or 0
