"""Customers, opened the way that everybody opens them."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from erp_club.customers.commands import open_customer
from erp_club.customers.fields import CustomerFields
from erp_club.customers.id_numbers.commands import set_id_rules
from erp_club.customers.id_numbers.rules import IdRule
from erp_club.permissions.actors import SYSTEM, Actor

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def keep_ids_of(session: Session, country: str, *, kept: bool = True) -> None:
    """Head office lets national IDs of a country be kept, or no longer."""
    rule = IdRule("national_id", country, kept=kept, reason="Credit is granted by it")
    set_id_rules(session, [rule], now=NOW, by=SYSTEM)


def a_person(
    session: Session, *, chain_country: str = "IL", now: dt.datetime = NOW, by: Actor = SYSTEM, **filled: Any
) -> int:
    """A customer named Yael Cohen, unless the test says otherwise."""
    said: dict[str, Any] = {"given_name": "Yael", "family_name": "Cohen"} | filled
    fields = CustomerFields(**said)
    if said.get("id_country") in {"FI", "SE"} and said.get("id_kind") != "passport":
        keep_ids_of(session, said["id_country"])
    return open_customer(session, fields, country=chain_country, now=now, by=by)
