"""The forms of new customers."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.classes.queries import class_fields
from erp_club.customers.forms.models import CustomerFormField
from erp_club.customers.forms.rules import FormField, Place, completed, default_form

_FORM = (
    sa.select(CustomerFormField.field, CustomerFormField.shown, CustomerFormField.required, CustomerFormField.help)
    .where(CustomerFormField.place == sa.bindparam("place", type_=sa.Text))
    .order_by(CustomerFormField.position)
)


def form_of(session: Session, place: Place) -> tuple[FormField, ...]:
    """All fields of the form of a place, in its order, those that it doesn't show among them."""
    kept = [FormField(*row) for row in session.execute(_FORM, {"place": place})]
    own = [each.form_name for each in class_fields(session).values()]
    return completed(kept, own) if kept else default_form(place, own)
