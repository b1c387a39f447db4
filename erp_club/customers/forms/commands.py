"""Deciding what the forms of new customers show and need."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.classes.queries import class_fields
from erp_club.customers.forms.models import CustomerFormField
from erp_club.customers.forms.queries import form_of
from erp_club.customers.forms.rules import FormField, Place, completed, faults
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor


def set_form(session: Session, place: Place, form: Sequence[FormField], *, now: dt.datetime, by: Actor) -> None:
    """Keep the form of a place: the fields in their order. It holds from the next opening on.

    Fields that aren't named come last and aren't shown. Raises Invalid with the field of the form that is wrong.
    """
    own = [each.form_name for each in class_fields(session).values()]
    wrong = faults(form, own)
    if wrong:
        raise Invalid(wrong)
    # Two people who decide at once would each leave half of their rows.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"customer-form {place}"))))
    before, after = form_of(session, place), completed(form, own)
    if before == after:
        return
    session.execute(sa.delete(CustomerFormField).where(CustomerFormField.place == place))
    rows = [
        {
            "place": place,
            "field": each.name,
            "position": position,
            "shown": each.shown,
            "required": each.required,
            "help": {language: text for language, text in each.help.items() if text},
        }
        for position, each in enumerate(after, 1)
    ]
    session.execute(sa.insert(CustomerFormField), rows)
    audit.record(
        session,
        by=by,
        now=now,
        action="customer-form.change",
        entity="customer-form",
        entity_id=place,
        before=_told(before),
        after=_told(after),
    )


def _told(form: Sequence[FormField]) -> dict[str, object]:
    return {
        "shown": [each.name for each in form if each.shown],
        "required": [each.name for each in form if each.required],
        "help": {each.name: dict(each.help) for each in form if each.help},
    }
