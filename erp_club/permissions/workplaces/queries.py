"""Where somebody may sign on."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.models import Staff
from erp_club.permissions.workplaces.models import StaffStore


def further_stores(session: Session, staff_id: int) -> list[int]:
    """The ids of the stores in which somebody works beside their own."""
    found = sa.select(StaffStore.store_id).where(StaffStore.staff_id == staff_id, StaffStore.valid_to.is_(None))
    return list(session.scalars(found.order_by(StaffStore.store_id)))


def works_in(session: Session, staff: Staff, store_id: int) -> bool:
    """Whether somebody may sign on at the tills of a store: their own, a further one, or any where they have none."""
    return staff.store_id in {None, store_id} or store_id in further_stores(session, staff.id)
