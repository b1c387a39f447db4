"""Defining head office's own fields, and keeping what stands in them."""

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.customers.classes.models import ClassificationField
from erp_club.customers.classes.queries import class_fields, classes_of
from erp_club.customers.classes.rules import MOST_FIELDS, ClassField, chosen, faults
from erp_club.customers.forms.models import CustomerFormField
from erp_club.customers.models import Classification
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import TN, T
from erp_club.permissions.actors import Actor


def set_class_field(session: Session, wanted: ClassField, *, now: dt.datetime, by: Actor) -> None:
    """Define a field, or change what it is called and can be chosen. Its type stays once it has one.

    Raises Invalid, also for a choice that is left out while customers have it.
    """
    _one_at_a_time(session)
    known = class_fields(session)
    before = known.get(wanted.name)
    wrong = faults(wanted)
    if before is not None and before.kind is not wanted.kind:
        wrong.append(FieldError("kind", T("The type of a field stays as it is. Define another field.")))
    if before is None and len(known) >= MOST_FIELDS:
        wrong.append(FieldError("name", T("There are %(most)s fields already.", most=MOST_FIELDS)))
    if before is not None and not wrong:
        wrong += _left_out(session, before, wanted)
    if wrong:
        raise Invalid(wrong)
    values = {
        "labels": dict(wanted.labels),
        "choices": [{"code": each.code, "labels": dict(each.labels)} for each in wanted.choices],
    }
    if before == wanted:
        return
    statement = insert(ClassificationField).values(name=wanted.name, kind=wanted.kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[ClassificationField.name], set_=values))
    audit.record(
        session,
        by=by,
        now=now,
        action="class-field.change",
        entity="class-field",
        entity_id=wanted.name,
        before=_told(before) if before else None,
        after=_told(wanted),
    )


def remove_class_field(session: Session, name: str, *, now: dt.datetime, by: Actor) -> None:
    """Take a field away that no customer has anything in. Raises NotFound, Conflict `class-in-use`."""
    _one_at_a_time(session)
    known = class_fields(session).get(name)
    if known is None:
        raise NotFound(T("There is no field of this name."), code="class-unknown")
    held = session.scalar(sa.select(sa.func.count()).where(Classification.name == name)) or 0
    if held:
        raise Conflict(
            TN(
                "%(num)s customer has something in this field. Show it in no form instead.",
                "%(num)s customers have something in this field. Show it in no form instead.",
                held,
            ),
            code="class-in-use",
        )
    session.execute(sa.delete(ClassificationField).where(ClassificationField.name == name))
    session.execute(sa.delete(CustomerFormField).where(CustomerFormField.field == known.form_name))
    audit.record(
        session, by=by, now=now, action="class-field.delete", entity="class-field", entity_id=name, before=_told(known)
    )


def keep_classes(
    session: Session, customer_id: int, values: Mapping[str, str | None]
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Keep what differs from what the customer has; gives that before and after, named as the change log tells it."""
    held = classes_of(session, customer_id)
    changed = {name: value for name, value in values.items() if held.get(name) != value}
    gone = [name for name, value in changed.items() if value is None]
    if gone:
        session.execute(
            sa.delete(Classification).where(Classification.customer_id == customer_id, Classification.name.in_(gone))
        )
    rows = [
        {"customer_id": customer_id, "name": name, "value": value}
        for name, value in changed.items()
        if value is not None
    ]
    if rows:
        statement = insert(Classification)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[Classification.customer_id, Classification.name],
                set_={"value": statement.excluded.value},
            ),
            rows,
        )
    before = {f"class:{name}": held.get(name) for name in changed}
    return before, {f"class:{name}": value for name, value in changed.items()}


def _left_out(session: Session, before: ClassField, wanted: ClassField) -> list[FieldError]:
    gone = {each.code for each in before.choices} - {each.code for each in wanted.choices}
    if not gone:
        return []
    held = session.scalars(sa.select(Classification.value).where(Classification.name == before.name).distinct())
    used = sorted(gone & {code for value in held for code in chosen(value)})
    if not used:
        return []
    text = T("Customers have the choice %(code)s. Keep it in the list.", code=used[0])
    return [FieldError("choices[0].code", text)]


def _one_at_a_time(session: Session) -> None:
    # Two people who define a field at once: the second judges by what the first has decided.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("classification-fields"))))


def _told(known: ClassField) -> dict[str, object]:
    return {"kind": known.kind, "labels": dict(known.labels), "choices": [each.code for each in known.choices]}
