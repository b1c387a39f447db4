"""Reading head office's own fields, and what customers have in them."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.classes.models import ClassificationField
from erp_club.customers.classes.rules import Choice, ClassField, ClassKind
from erp_club.customers.models import Classification
from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T


def class_fields(session: Session) -> dict[str, ClassField]:
    """The fields by name, in the order of their names."""
    rows = session.execute(
        sa.select(
            ClassificationField.name,
            ClassificationField.kind,
            ClassificationField.labels,
            ClassificationField.choices,
        ).order_by(ClassificationField.name)
    )
    return {
        row.name: ClassField(
            row.name,
            ClassKind(row.kind),
            row.labels,
            tuple(Choice(each["code"], each["labels"]) for each in row.choices),
        )
        for row in rows
    }


def class_field(session: Session, name: str) -> ClassField:
    """One field. Raises NotFound."""
    found = class_fields(session).get(name)
    if found is None:
        raise NotFound(T("There is no field of this name."), code="class-unknown")
    return found


def bearers(session: Session) -> Mapping[str, int]:
    """How many customers have something in each field, defined or not."""
    rows = session.execute(sa.select(Classification.name, sa.func.count()).group_by(Classification.name))
    return {row[0]: row[1] for row in rows}


def classes_of(session: Session, customer_id: int) -> dict[str, str]:
    """What a customer has, by name."""
    rows = session.execute(
        sa.select(Classification.name, Classification.value)
        .where(Classification.customer_id == customer_id)
        .order_by(Classification.name)
    )
    return {row.name: row.value for row in rows}
