"""Keeping whom a customer is close to."""

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.customers import errors, fields
from erp_club.customers.errors import Fault
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.names.spelling import tidy
from erp_club.customers.queries import customer_id_by_number
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.customers.relatives.models import Relative
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor


def add_relative(
    session: Session,
    customer_id: int,
    *,
    kind: RelativeKind,
    number: str | None = None,
    name: str | None = None,
    birthday: dt.date | str | None = None,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> int:
    """Keep a relative and give the id: another customer by `number`, or a name with perhaps a birthday.

    Raises NotFound for the customer, Invalid with the field that is wrong, Conflict `relative-known`.
    """
    _check_living(session, customer_id)
    name = tidy(name or "") or None
    if (number is None) == (name is None):
        raise Invalid([FieldError("name", T("Enter a name, or the number of a customer."))])
    born = _birthday(birthday, today) if number is None else None
    relative_id = None if number is None else _customer(session, number, of=customer_id)
    if name is not None and _kept(session, customer_id, name, born):
        raise Conflict(T("This relative is kept already."), field="name", code="relative-known")
    added = session.scalar(
        insert(Relative)
        .values(customer_id=customer_id, kind=kind, relative_id=relative_id, name=name, birthday=born)
        .on_conflict_do_nothing(index_elements=[Relative.customer_id, Relative.relative_id])
        .returning(Relative.id)
    )
    if added is None:
        raise Conflict(T("This relative is kept already."), field="number", code="relative-known")
    after = {"kind": kind, "relative_id": relative_id, "name": name, "birthday": born}
    _record(session, "relative.add", customer_id, before=None, after=after, now=now, by=by)
    return added


def remove_relative(session: Session, customer_id: int, relative_no: int, *, now: dt.datetime, by: Actor) -> None:
    """Forget a relative. Raises NotFound."""
    row = session.execute(
        sa.delete(Relative)
        .where(Relative.customer_id == customer_id, Relative.id == relative_no)
        .returning(Relative.kind, Relative.relative_id, Relative.name, Relative.birthday)
    ).one_or_none()
    if row is None:
        raise NotFound(T("This relative isn't kept any more."), code="relative-unknown")
    _record(
        session,
        "relative.remove",
        customer_id,
        before={"kind": row.kind, "relative_id": row.relative_id, "name": row.name, "birthday": row.birthday},
        after=None,
        now=now,
        by=by,
    )


def _kept(session: Session, customer_id: int, name: str, born: dt.date | None) -> bool:
    """Whether somebody of this name and birthday is kept; twice, they would bring the same gift twice."""
    kept = sa.exists().where(
        Relative.customer_id == customer_id,
        sa.func.lower(Relative.name) == name.lower(),
        Relative.birthday.is_not_distinct_from(born),
    )
    return session.scalar(sa.select(kept)) or False


def _check_living(session: Session, customer_id: int) -> None:
    living = sa.select(Customer.state).where(Customer.id == customer_id)
    # Locked, so that two who add one relative at once see each other's.
    state = session.scalar(living.with_for_update(key_share=True))
    if customer_id == UNIDENTIFIED or state != CustomerState.ACTIVE:
        raise errors.unknown_customer()


def _customer(session: Session, number: str, *, of: int) -> int:
    found = customer_id_by_number(session, number.strip())
    if found is None or found == of:
        raise Invalid([FieldError("number", T("No other customer has this number. Look the relative up first."))])
    return found


def _birthday(given: dt.date | str | None, today: dt.date) -> dt.date | None:
    if not given:
        return None
    try:
        return fields.past_day("birthday", given, today)
    except Fault as fault:
        raise Invalid([FieldError(fault.field, fault.text)]) from fault


def _record(
    session: Session,
    action: str,
    customer_id: int,
    *,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    now: dt.datetime,
    by: Actor,
) -> None:
    audit.record(
        session, by=by, now=now, action=action, entity="customer", entity_id=customer_id, before=before, after=after
    )
