"""Opening somebody new only once it is clear that they are no customer yet."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.customers import fields
from erp_club.customers.classes.rules import Said
from erp_club.customers.commands import open_customer
from erp_club.customers.duplicates import errors
from erp_club.customers.duplicates.models import DuplicateConfirmation, SuspectedPair
from erp_club.customers.duplicates.queries import Candidate, Shown, candidates, shown
from erp_club.customers.fields import CustomerFields
from erp_club.customers.forms.rules import Place
from erp_club.customers.id_numbers.queries import id_rules
from erp_club.customers.scans import filled_in
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission

_LAST_DIGITS = 4
_SHARED = ("birthday", "email", "mobile", "phone", "street")
"""What makes two people of one name one person, if it is the same (`queries.candidates`)."""


def open_new_customer(
    session: Session,
    filled: CustomerFields,
    *,
    country: str,
    now: dt.datetime,
    by: Actor,
    place: Place | None = None,
    language: str | None = None,
    classes: Mapping[str, Said] | None = None,
    card: str | None = None,
    confirmed_not: Collection[int] = (),
) -> int:
    """Open a customer, as `open_customer` does, who is none of those that they may be; gives the id.

    `confirmed_not` are customers of whom somebody has said that this is another person: that is recorded. `card` is
    the card that they were handed. Raises Conflict `possible-duplicates` with the candidates, `id-taken` or
    `card-taken` where the document or the card is a customer's, and what `open_customer` raises.
    """
    filled = filled_in(filled, today=_today(now))
    checked = fields.check(filled, country=country, today=_today(now), id_rules=id_rules(session))
    found: list[Candidate] = []
    if not checked.errors:
        _one_at_a_time(session, checked.values)
        found = candidates(session, checked.values, country=country, card=card)
        _refuse(session, found, confirmed_not, by)
    customer_id = open_customer(
        session, filled, country=country, place=place, now=now, by=by, language=language, classes=classes
    )
    others = [each.customer_id for each in found if each.customer_id in confirmed_not]
    if others:
        _confirm(session, [(customer_id, other) for other in others], at_opening=True, now=now, by=by)
        audit.record(
            session,
            by=by,
            now=now,
            action="customer.another_person",
            entity="customer",
            entity_id=customer_id,
            after={"not": others},
        )
    return customer_id


def probable(
    session: Session, filled: CustomerFields, *, country: str, now: dt.datetime, card: str | None = None
) -> list[Candidate]:
    """Who somebody may be as far as the form is filled in; what is wrong in it or missing yet isn't looked at."""
    checked = fields.check(filled, country=country, today=_today(now), id_rules=id_rules(session))
    return candidates(session, checked.values, country=country, card=card)


def facts_of(session: Session, found: Sequence[Candidate], by: Actor) -> list[dict[str, object]]:
    """The candidates as they are shown to somebody: contact and birthday in full only to who may change them."""
    told = shown(session, [each.customer_id for each in found])
    whole = by.may(Permission.CUSTOMERS_EDIT)
    return [
        {**_told(told[each.customer_id], whole=whole), "same": list(each.same), "score": round(each.score, 3)}
        for each in found
        if each.customer_id in told
    ]


def deny_pair(session: Session, one: int, other: int, *, now: dt.datetime, by: Actor) -> None:
    """Keep that two suspected customers are two persons. Raises NotFound `pair-unknown`."""
    low, high = sorted((one, other))
    gone = session.execute(
        sa.delete(SuspectedPair)
        .where(SuspectedPair.low_id == low, SuspectedPair.high_id == high)
        .returning(SuspectedPair.low_id)
    ).one_or_none()
    if gone is None:
        raise errors.no_pair()
    _confirm(session, [(low, high)], at_opening=False, now=now, by=by)
    audit.record(
        session,
        by=by,
        now=now,
        action="customer.another_person",
        entity="customer",
        entity_id=high,
        after={"not": [low]},
    )


def _today(now: dt.datetime) -> dt.date:
    """The latest date anywhere, as the opening itself judges by."""
    return (now.astimezone(dt.UTC) + dt.timedelta(hours=14)).date()


def _one_at_a_time(session: Session, values: Mapping[str, Any]) -> None:
    """Let two tills that open one person at once do it one after the other: the second is then shown her."""
    said = {name: values[name] for name in _SHARED if values.get(name)}
    # One number may stand in either of the two fields.
    keys = {f"{'phone' if name == 'mobile' else name} {value}".lower() for name, value in said.items()}
    for key in sorted(keys):
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 7))))


def _refuse(session: Session, found: Sequence[Candidate], confirmed_not: Collection[int], by: Actor) -> None:
    of_document = [each for each in found if "id_number" in each.same]
    if of_document:
        facts = facts_of(session, of_document, by)
        owner = shown(session, [of_document[0].customer_id])[of_document[0].customer_id]
        raise errors.has_this_id(owner.number, owner.customer_id, facts)
    of_card = [each for each in found if "card" in each.same]
    if of_card:
        raise errors.has_this_card(facts_of(session, of_card, by))
    if any(each.customer_id not in confirmed_not for each in found):
        raise errors.possible_duplicates(facts_of(session, found, by))


def _confirm(
    session: Session, pairs: Sequence[tuple[int, int]], *, at_opening: bool, now: dt.datetime, by: Actor
) -> None:
    rows = [
        {
            "low_id": min(pair),
            "high_id": max(pair),
            "at_opening": at_opening,
            "at": now,
            "staff_id": by.staff_id,
            "terminal_id": by.terminal_id,
            "store_id": by.store_id,
        }
        for pair in pairs
    ]
    session.execute(insert(DuplicateConfirmation).on_conflict_do_nothing(), rows)


def _told(person: Shown, *, whole: bool) -> dict[str, object]:
    return {
        "customer_id": person.customer_id,
        "number": person.number,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "second_name": person.second_name or None,
        "birthday": person.birthday.isoformat() if person.birthday and whole else None,
        "mobile": person.mobile if whole else _ending(person.mobile),
        "phone": person.phone if whole else _ending(person.phone),
        "email": person.email if whole else _masked_email(person.email),
        "street": person.street if whole else None,
        "city": person.city,
    }


def _ending(number: str | None) -> str | None:
    return number and f"•••{number[-_LAST_DIGITS:]}"


def _masked_email(address: str | None) -> str | None:
    name, _, domain = (address or "").partition("@")
    return f"{name[:1]}•••@{domain}" if domain else None
