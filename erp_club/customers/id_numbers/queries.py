"""Reading what is decided about numbers of identity documents, and the numbers themselves."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers import errors
from erp_club.customers.id_numbers import sealing
from erp_club.customers.id_numbers.models import IdNumberRule
from erp_club.customers.id_numbers.rules import DEFAULT, ELSEWHERE, Document, IdRule, IdRules, completed
from erp_club.customers.identity import PASSPORT
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.kept_keys import keyring_of
from erp_club.permissions.models import Staff

_RULES = sa.select(IdNumberRule.kind, IdNumberRule.country, IdNumberRule.kept, IdNumberRule.reason)


def id_rules(session: Session) -> IdRules:
    """Which numbers the chain keeps."""
    return completed(IdRule(*row) for row in session.execute(_RULES))


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule, who decided it and when (None: nobody yet), and how many living customers have such a number."""

    rule: IdRule
    by: str | None
    at: dt.datetime | None
    customers: int


def decided(session: Session) -> list[Decided]:
    """Every rule, in the order in which they are shown."""
    who = {
        (row.kind, row.country): (row.name, row.at)
        for row in session.execute(
            sa.select(IdNumberRule.kind, IdNumberRule.country, Staff.name, IdNumberRule.at).outerjoin(
                Staff, Staff.id == IdNumberRule.staff_id
            )
        )
    }
    counts = session.execute(
        sa.select(Customer.id_kind, Customer.id_country, sa.func.count())
        .where(Customer.id_hash.is_not(None), Customer.state == CustomerState.ACTIVE)
        .group_by(Customer.id_kind, Customer.id_country)
    )
    known = {rule.document for rule in DEFAULT}
    held: dict[Document, int] = dict.fromkeys(known, 0)
    for kind, country, number in counts:
        document = (str(kind), str(country)) if (kind, country) in known else (str(kind), ELSEWHERE)
        held[document] += number
    return [
        Decided(rule, *who.get(rule.document, (None, None)), held[rule.document]) for rule in id_rules(session).rules
    ]


def holds_passport(session: Session, number: str, country: str, typed: str) -> bool:
    """Whether the living customer with this number has the passport that somebody typed."""
    hashes = sealing.possible_hashes(keyring_of(session), typed)
    held = sa.exists().where(
        Customer.number == number,
        Customer.state == CustomerState.ACTIVE,
        Customer.id_kind == PASSPORT,
        Customer.id_country == country,
        Customer.id_hash.in_(hashes),
    )
    return session.scalar(sa.select(held)) or False


def id_number(session: Session, customer_id: int) -> str | None:
    """The whole number of a living customer's document. Whoever shows it uses `commands.reveal`. Raises NotFound."""
    row = session.execute(
        sa.select(Customer.id_key, Customer.id_sealed).where(
            Customer.id == customer_id, Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE
        )
    ).one_or_none()
    if row is None:
        raise errors.unknown_customer()
    return sealing.opened(session, row.id_key, row.id_sealed)
