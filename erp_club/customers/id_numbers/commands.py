"""Deciding which numbers of identity documents are kept, showing one, and sealing them anew."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.customers.id_numbers import queries, sealing
from erp_club.customers.id_numbers.models import IdNumberRule
from erp_club.customers.id_numbers.rules import IdRule, faults
from erp_club.customers.models import Customer
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid, NotFound
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor

BATCH = 2_000


def set_id_rules(session: Session, wanted: Sequence[IdRule], *, now: dt.datetime, by: Actor) -> None:
    """Decide which numbers are kept from now on, each change with its reason. Those kept already stay.

    Raises Invalid with the rule that is wrong.
    """
    # Two people who decide at once: the second judges by what the first has decided.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("id-number-rules"))))
    before = queries.id_rules(session)
    wrong = faults(before, wanted)
    if wrong:
        raise Invalid(wrong)
    known = {rule.document: rule for rule in before.rules}
    for rule in wanted:
        old = known[rule.document]
        if rule == old:
            continue
        values = {"kept": rule.kept, "reason": rule.reason, "staff_id": by.staff_id, "at": now}
        statement = insert(IdNumberRule).values(kind=rule.kind, country=rule.country, **values)
        session.execute(
            statement.on_conflict_do_update(index_elements=[IdNumberRule.kind, IdNumberRule.country], set_=values)
        )
        audit.record(
            session,
            by=by,
            now=now,
            action="id-rule.change",
            entity="id-rule",
            entity_id=f"{rule.kind} {rule.country}".strip(),
            before={"kept": old.kept, "reason": old.reason},
            after={"kept": rule.kept, "reason": rule.reason},
        )


def reveal(session: Session, customer_id: int, *, now: dt.datetime, by: Actor) -> str:
    """The whole number of a customer's document; it is kept who saw it. Raises NotFound, also where there is none."""
    number = queries.id_number(session, customer_id)
    if number is None:
        raise NotFound(T("No ID number is kept of this customer."), code="id-number-missing")
    shown = {"id_number": sealing.masked(number)}
    audit.record(
        session, by=by, now=now, action="customer.reveal", entity="customer", entity_id=customer_id, after=shown
    )
    return number


def reseal(session: Session, *, most: int = BATCH) -> int:
    """Seal some numbers under the current key that are under an older one; gives how many. Hashes stay."""
    keyring = keyring_of(session, writes=True)
    rows = session.execute(
        sa.select(Customer.id, Customer.id_key, Customer.id_sealed)
        .where(Customer.id_key != keyring.current)
        .order_by(Customer.id)
        .limit(most)
        .with_for_update(key_share=True)
    ).all()
    if rows:
        new = [(row.id, *keyring.seal(keyring.open(row.id_key, row.id_sealed))) for row in rows]
        ids, keys, texts = zip(*new, strict=True)
        session.execute(
            sa.text(
                """
                UPDATE customers c SET id_key = n.key, id_sealed = n.sealed
                  FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS smallint[]), CAST(:texts AS bytea[]))
                       AS n (id, key, sealed)
                 WHERE c.id = n.id
                """
            ),
            {"ids": list(ids), "keys": list(keys), "texts": list(texts)},
        )
    return len(rows)


def stale(session: Session) -> int:
    """How many numbers are sealed under an older key than the current one."""
    asked = sa.select(sa.func.count()).select_from(Customer)
    return session.scalar(asked.where(Customer.id_key != keyring_of(session).current)) or 0
