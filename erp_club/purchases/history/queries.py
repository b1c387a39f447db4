"""The buyer as the clubs' rules see them: with what they have bought before, where a rule asks for that."""

import datetime as dt
import functools
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.models import Membership
from erp_club.customers.queries import family_of
from erp_club.programmes.documents import parts, programme_of
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.parts import When
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import receipts_of
from erp_club.programmes.past.seen import as_seen, asked_from
from erp_club.purchases.quotes.told import HeldMembership, Told
from erp_club.receipts.models import Receipt


def members(session: Session, told: Told, *, on: dt.date) -> Mapping[str, MemberFacts]:
    """What the rules of each club that has a programme are told of the buyer on a day, by club.

    It costs a query only in a club whose rules grow with what was bought, have a ceiling or one visit a day, or count
    purchases (and one more where the account may be a household's): there a sale can't be reckoned without the ones
    before it.
    """
    return {each.club: _member(session, told, each, on) for each in told.memberships if _has(each)}


def _has(held: HeldMembership) -> bool:
    return programme_of(held.earning.rules_document) is not None


def _member(session: Session, told: Told, held: HeldMembership, on: dt.date) -> MemberFacts:
    programme = programme_of(held.earning.rules_document)
    assert programme is not None
    known = MemberFacts(
        joined_on=held.earning.joined_on,
        level=held.level,
        birthday=told.birthday,
        segments=told.segments,
        purchases=_purchases(session, told, held),
        children=told.children,
    )
    return looking_back(session, programme, held.earning, known, customer_id=told.customer_id, on=on)


def looking_back(
    session: Session,
    programme: Programme,
    account: Earning,
    known: MemberFacts,
    *,
    customer_id: int,
    on: dt.date,
    before: Past | None = None,
) -> MemberFacts:
    """The member with what was bought on the account in the days that rules look back on; `before` a receipt alone."""
    first = asked_from(programme, on, account.joined_on)
    if first is None:
        return known
    persons = [customer_id] if programme.household is None else _persons(session, account, customer_id)
    days = (max(first, dt.date(1900, 1, 1)), on)
    found = receipts_of(session, account.club_id, persons, days=days)
    past = sorted((each for mine in found.values() for each in mine), key=_in_time)
    if before is not None:
        past = [each for each in past if _in_time(each) < _in_time(before)]
    return as_seen(programme, past, known, on, customer_id=customer_id)


def _in_time(past: Past) -> tuple[dt.datetime, int]:
    return past.purchase.at, past.id


def _persons(session: Session, account: Earning, customer_id: int) -> list[int]:
    """Who shares the account: what a household buys is bought on it, whoever of them does."""
    shared = sa.select(Membership.customer_id).where(
        Membership.points_holder_id == account.holder_id, Membership.points_account_id == account.points_account_id
    )
    return sorted({customer_id, *session.scalars(shared)})


def _purchases(session: Session, told: Told, held: HeldMembership) -> int:
    """How often the customer has bought; told already where an offer may ask."""
    if told.purchases or not counts_purchases(held.earning.rules_document):
        return told.purchases
    asked = sa.select(sa.func.count()).where(
        Receipt.customer_id.in_(family_of(told.customer_id)), Receipt.total_minor >= 0
    )
    return session.execute(asked).scalar_one()


@functools.lru_cache(maxsize=256)
def counts_purchases(rules_document: str) -> bool:
    """Whether a rule of earning holds for some of a member's purchases only, by their number."""
    programme = programme_of(rules_document)
    whens = () if programme is None else (part for _, part in parts(programme.earning) if isinstance(part, When))
    return any(each.first_purchase is not None or each.last_purchase is not None for each in whens)
