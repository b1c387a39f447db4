"""What pages show of entitlements."""

import datetime as dt

from pydantic import BaseModel

from erp_club.programmes.engine.places import Where
from erp_club.purchases.entitlements import queries
from erp_club.purchases.entitlements.kinds import UseState
from web.deps import Act


class EntitledProduct(BaseModel):
    """A product that may be chosen."""

    sku: str
    name: str


class EntitlementView(BaseModel):
    """What a membership gives until `last` (None: without end): `left` of `count`, null as often as one likes.

    A service has no products.
    """

    membership_id: int
    club_names: dict[str, str]
    code: str
    names: dict[str, str]
    count: int | None
    left: int | None
    last: dt.date | None
    products: list[EntitledProduct]
    is_service: bool


class UseView(BaseModel):
    """One use, and whether it came back; a service has no product."""

    use_id: int
    names: dict[str, str]
    product: str | None
    came_back: bool
    receipt_id: int | None
    at: dt.datetime
    staff: str | None
    store: str | None


def entitlements_view(
    act: Act, customer_id: int, *, on: dt.date | None = None, where: Where | None = None
) -> list[EntitlementView]:
    """What the customer is entitled to on a day, else today, there where it says so."""
    return [
        EntitlementView(
            membership_id=each.membership_id,
            club_names=each.club_names,
            code=each.code,
            names=each.names,
            count=each.count,
            left=each.left,
            last=each.last,
            products=[EntitledProduct(sku=sku, name=name) for sku, name in each.products],
            is_service=each.is_service,
        )
        for each in queries.rights(act.session, customer_id, on=on or act.today, where=where)
    ]


def uses_view(act: Act, customer_id: int, now: list[EntitlementView]) -> list[UseView]:
    """What the customer used, the latest first."""
    names = {(each.membership_id, each.code): each.names for each in now}
    return [
        UseView(
            use_id=each.use_id,
            names=names.get((each.membership_id, each.code), {"en": each.code}),
            product=each.product,
            came_back=each.state is UseState.BACK,
            receipt_id=each.receipt_id,
            at=each.at,
            staff=each.staff,
            store=each.store,
        )
        for each in queries.uses(act.session, customer_id)
    ]
