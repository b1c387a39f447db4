"""What pages show of a customer's relatives."""

import datetime as dt

from pydantic import BaseModel

from erp_club.customers.relatives import queries
from erp_club.customers.relatives.kinds import RelativeKind
from web.deps import Act


class RelativeView(BaseModel):
    """Somebody close. Without `id` the link is the other customer's. `customer_id` is null for who is no customer."""

    id: int | None
    kind: RelativeKind
    customer_id: int | None
    name: str
    birthday: dt.date | None


class RelativesView(BaseModel):
    """Whom a customer is close to, by name."""

    customer_id: int
    relatives: list[RelativeView]


def relatives_view(act: Act, customer_id: int) -> RelativesView:
    """All that the card of relatives shows."""
    rows = queries.relatives_of(act.session, customer_id)
    shown = [
        RelativeView(id=row.id, kind=row.kind, customer_id=row.customer_id, name=row.name, birthday=row.birthday)
        for row in rows
    ]
    return RelativesView(customer_id=customer_id, relatives=shown)
