"""A purchase that is registered afterwards, as tills and people see it."""

import datetime as dt

from pydantic import BaseModel, Field

from erp_club.points.units import Unit
from erp_club.purchases.baskets.queries import buyer
from erp_club.purchases.registering.commands import Registered
from erp_club.receipts import queries
from web.deps import Act
from web.formats import localised


class RegisteredPoints(BaseModel):
    """What a club gave for it, and the balance after that."""

    name: str
    points: int
    balance: int
    unit: Unit


class LaterEnd(BaseModel):
    """A club whose membership ends later by the purchase, and its last day since."""

    name: str
    valid_until: dt.date


class RegistrationView(BaseModel):
    """A purchase that was registered, for whom, what it earned, and which memberships end later by it."""

    purchase_id: int
    receipt_no: str
    customer_id: int
    customer: str
    earned: list[RegisteredPoints]
    ends: list[LaterEnd]


class RegistrationPage(BaseModel):
    """The form: the receipt, and the member of the till's open sale, if there is one."""

    id: int
    receipt_no: str
    store: str
    sold_at: dt.datetime
    zone: str = Field(exclude=True)
    total_minor: int
    currency: str
    member_id: int | None
    member: str | None
    member_number: str | None


def registration_view(act: Act, made: Registered) -> RegistrationView:
    """What was registered."""
    member = buyer(act.session, made.member_id)
    return RegistrationView(
        purchase_id=made.receipt_id,
        receipt_no=made.receipt_no,
        customer_id=made.member_id,
        customer=f"{member.given_name} {member.family_name}".strip(),
        earned=[
            RegisteredPoints(name=localised(dict(each.names)), points=each.points, balance=each.balance, unit=each.unit)
            for each in made.earned
        ],
        ends=[LaterEnd(name=localised(dict(each.names)), valid_until=each.valid_until) for each in made.ends],
    )


def registration_page_view(act: Act, receipt_id: int, *, customer_id: int) -> RegistrationPage:
    """The receipt, and whom to register it for. Raises NotFound."""
    row = queries.receipt(act.session, receipt_id).row
    member = buyer(act.session, customer_id) if customer_id else None
    return RegistrationPage(
        id=row.id,
        receipt_no=row.receipt_no,
        store=row.store,
        sold_at=row.sold_at,
        zone=row.zone,
        total_minor=row.total_minor,
        currency=act.chain.currency,
        member_id=member.customer_id if member else None,
        member=f"{member.given_name} {member.family_name}".strip() if member else None,
        member_number=member.number if member else None,
    )
