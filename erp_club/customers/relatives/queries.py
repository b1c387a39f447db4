"""Whom a customer is close to, told from both sides."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.customers.relatives.models import Relative

CHILDREN = """
    ARRAY(SELECT DISTINCT coalesce(child.birthday, other.birthday)
            FROM (SELECT k.relative_id, k.birthday FROM customer_relatives k
                   WHERE k.customer_id = {who} AND k.kind = 'child'
                  UNION ALL
                  SELECT k.customer_id, NULL FROM customer_relatives k
                   WHERE k.relative_id = {who} AND k.kind = 'parent') child
            LEFT JOIN customers other ON other.id = child.relative_id AND other.state = 'active'
           WHERE coalesce(child.birthday, other.birthday) IS NOT NULL ORDER BY 1)
"""
"""The birthdays of a customer's children that are known, as SQL: `who` is the customer's id."""
_SEEN_FROM_THERE = {RelativeKind.CHILD: RelativeKind.PARENT, RelativeKind.PARENT: RelativeKind.CHILD}


@dataclass(frozen=True, slots=True)
class RelativeRow:
    """Somebody close: `customer_id` where they are a customer. `id` is None for a link that the other one has."""

    id: int | None
    kind: RelativeKind
    customer_id: int | None
    name: str
    birthday: dt.date | None


def relatives_of(session: Session, customer_id: int) -> list[RelativeRow]:
    """Whom the customer has named, and the living customers who have named them, by name."""
    other = aliased(Customer)
    named = sa.func.btrim(sa.func.concat(other.given_name, " ", other.family_name))
    own = (
        sa.select(
            Relative.id,
            Relative.kind,
            Relative.relative_id,
            sa.func.coalesce(Relative.name, named),
            sa.func.coalesce(Relative.birthday, other.birthday),
        )
        .outerjoin(other, other.id == Relative.relative_id)
        .where(
            Relative.customer_id == customer_id,
            Relative.relative_id.is_(None) | (other.state == CustomerState.ACTIVE),
        )
    )
    theirs = (
        sa.select(sa.literal(None, sa.BigInteger), Relative.kind, Relative.customer_id, named, other.birthday)
        .join(other, other.id == Relative.customer_id)
        .where(Relative.relative_id == customer_id, other.state == CustomerState.ACTIVE)
    )
    made = [RelativeRow(row[0], RelativeKind(row[1]), *row[2:]) for row in session.execute(own)]
    known = {row.customer_id for row in made}
    made += [
        RelativeRow(None, _SEEN_FROM_THERE.get(kind := RelativeKind(row[1]), kind), *row[2:])
        for row in session.execute(theirs)
        if row[2] not in known
    ]
    return sorted(made, key=lambda row: (row.name, row.id or 0))
