"""Customers, opened the way that everybody opens them."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from erp_club.customers.commands import open_customer
from erp_club.customers.fields import CustomerFields
from erp_club.permissions.actors import SYSTEM, Actor

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def a_person(
    session: Session, *, chain_country: str = "IL", now: dt.datetime = NOW, by: Actor = SYSTEM, **filled: Any
) -> int:
    """A customer named Yael Cohen, unless the test says otherwise."""
    said: dict[str, Any] = {"given_name": "Yael", "family_name": "Cohen"} | filled
    fields = CustomerFields(**said)
    return open_customer(session, fields, country=chain_country, now=now, by=by)
