"""Programmes, purchases and members for tests of a club's rules."""

import datetime as dt
from typing import Any

from erp_club.programmes import documents
from erp_club.programmes.engine.facts import Bought, Purchase, Tender
from erp_club.programmes.engine.programme import Programme


def example(name: str) -> Programme:
    """One of the clubs that come with the package."""
    return documents.example(name)


def a_programme(**said: Any) -> Programme:
    """A programme that says nothing but its name."""
    return Programme.model_validate({"code": "CLUB", "names": {"en": "Club"}, "currency": "ILS", **said})


def earning_by(*rules: dict[str, Any], **said: Any) -> Programme:
    """A programme that earns by these rules."""
    numbered = [{"code": f"rule-{number}", **rule} for number, rule in enumerate(rules)]
    return a_programme(earning={"rules": numbered, **said})


def bought(paid: float, *, id: str = "a", **said: Any) -> Bought:  # noqa: A002 - as the line calls it
    """A line that cost so much in main units."""
    return Bought(id, said.pop("product", id), round(paid * 100), **said)


def purchase(*lines: Bought | float, on: str | dt.date = "2026-06-20", at: str = "12:00", **said: Any) -> Purchase:
    """A receipt of these lines (or one line of such an amount); `by` is what each means paid in main units."""
    made = tuple(each if isinstance(each, Bought) else bought(each, id=f"l{i}") for i, each in enumerate(lines))
    day = dt.date.fromisoformat(on) if isinstance(on, str) else on
    by: dict[str, float] = said.pop("by", {})
    tenders = tuple(Tender(means, round(amount * 100)) for means, amount in by.items())
    return Purchase(dt.datetime.combine(day, dt.time.fromisoformat(at)), made, tenders=tenders, **said)


def day(text: str) -> dt.date:
    """A date as it is written."""
    return dt.date.fromisoformat(text)
