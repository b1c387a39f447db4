"""Assigning people to stores."""

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.models import Staff
from erp_club.permissions.posts.commands import refuse_more_than_held
from erp_club.permissions.sessions.commands import end_sessions
from erp_club.permissions.workplaces.models import StaffStore
from erp_club.permissions.workplaces.queries import further_stores


def set_further_stores(
    session: Session, staff_id: int, store_ids: Collection[int], *, now: dt.datetime, by: Actor
) -> None:
    """Say in which stores somebody works beside their own; where one is taken away they sign on again at the tills.

    Raises NotFound, Invalid for a store that isn't there, or is another one than that of `by`, who may do this there
    only; Forbidden for somebody whose role holds what `by` doesn't.
    """
    staff = session.get(Staff, staff_id, with_for_update={"key_share": True})
    only = by.only_store(Permission.STAFF_EDIT)
    if staff is None or only not in (None, staff.store_id):
        raise NotFound(T("There is no such member of staff."))
    refuse_more_than_held(session, staff.role, store_id=staff.store_id, by=by)
    wanted = sorted({*store_ids} - {staff.store_id})
    known = set(session.scalars(sa.select(Store.id).where(Store.id.in_(wanted))))
    if known != set(wanted):
        raise Invalid([FieldError("stores", T("There is no such store."))])
    before = further_stores(session, staff_id)
    if before == wanted:
        return
    if only is not None and set(wanted) - set(before):
        raise Invalid([FieldError("stores", T("You can only choose your own store."))])
    session.execute(
        sa.update(StaffStore)
        .where(StaffStore.staff_id == staff_id, StaffStore.store_id.not_in(wanted), StaffStore.valid_to.is_(None))
        .values(valid_to=sa.func.greatest(now, StaffStore.valid_from))
        .execution_options(synchronize_session=False)
    )
    session.add_all(
        StaffStore(staff_id=staff_id, store_id=each, valid_from=now) for each in wanted if each not in before
    )
    if set(before) - set(wanted):
        end_sessions(session, staff_id, at_tills_only=True)
    session.flush()
    audit.record(
        session,
        by=by,
        now=now,
        action="staff.edit",
        entity="staff",
        entity_id=staff_id,
        before={"stores": before},
        after={"stores": wanted},
    )
