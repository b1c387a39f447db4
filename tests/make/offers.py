"""Offers: a valid default, and what only a test needs."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.promotions import commands
from erp_club.promotions.engine.offer import Offer

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()


def an_offer(code: str = "TENTH", **said: Any) -> Offer:
    """A tenth off everything, for everybody, always."""
    document: dict[str, Any] = {
        "code": code,
        "names": {"en": "A tenth off", "he": "עשר אחוז הנחה"},
        "rewards": [{"kind": "percent", "value_bp": 1000}],
    }
    return Offer.model_validate(document | said)


def a_draft(session: Session, code: str = "TENTH", **said: Any) -> int:
    return commands.create_offer(session, an_offer(code, **said), now=NOW, by=SYSTEM)


def a_published_offer(session: Session, code: str = "TENTH", **said: Any) -> int:
    offer_id = a_draft(session, code, **said)
    publish(session, offer_id)
    return offer_id


def publish(session: Session, offer_id: int, *, names_may_come: bool = False) -> int:
    return commands.publish_offer(
        session, offer_id, language="en", today=TODAY, now=NOW, by=SYSTEM, names_may_come=names_may_come
    )


def points_that_pay(session: Session, code: str = "PAY", *, club: str = "GOLD", **said: Any) -> int:
    """An offer by which points pay, 100 for 5.00, as many as the cashier says."""
    reward: dict[str, Any] = {"kind": "redeem", "club": club, "worth_points": 1, "worth_minor": 5}
    return a_published_offer(
        session,
        code,
        names={"en": "Pay with points"},
        activation={"by": "cashier"},
        combination={"mode": "stackable"},
        rewards=[reward | said],
    )
