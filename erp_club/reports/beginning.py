"""How far a new chain is set up: what there is of each thing that a first sale to a member needs."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff


@dataclass(frozen=True, slots=True)
class Begun:
    """Whether there is a store, a till, a product, a published club, a customer, and staff beside who looks."""

    store: bool
    till: bool
    product: bool
    club: bool
    customer: bool
    staff: bool


def begun(session: Session, *, staff_id: int) -> Begun:
    """What there is, for this person of the staff."""
    found = session.execute(
        sa.select(
            sa.exists(sa.select(Store.id)),
            sa.exists(sa.select(Terminal.id)),
            sa.exists(sa.select(Product.id)),
            sa.exists(sa.select(Club.id).where(Club.state == ClubState.PUBLISHED)),
            sa.exists(sa.select(Customer.id).where(Customer.id != UNIDENTIFIED)),
            sa.exists(sa.select(Staff.id).where(Staff.id != staff_id)),
        )
    ).one()
    return Begun(*found)
