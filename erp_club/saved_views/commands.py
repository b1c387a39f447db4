"""Saving views, changing what they are called and who sees them, deleting them and taking that back."""

import datetime as dt
import functools

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.saved_views import errors
from erp_club.saved_views.models import SavedView

MOST = 200
"""Views of one person."""
KEPT = dt.timedelta(days=30)
"""How long a deleted view can be had back."""
_trace = functools.partial(audit.trace, "saved_view")


def save_view(
    session: Session, *, page: str, query: str, name: str, shared: bool, now: dt.datetime, by: Actor
) -> int:  # fmt: skip
    """Keep a page with its filters under a name, and give the view's id.

    Raises Conflict `name-taken` or `views-too-many`.
    """
    staff_id = _one_at_a_time(session, by)
    session.execute(
        sa.delete(SavedView).where(SavedView.staff_id == staff_id, SavedView.deleted_at < now - KEPT)
    )  # fmt: skip
    held = sa.select(sa.func.count()).where(SavedView.staff_id == staff_id, SavedView.deleted_at.is_(None))
    if (session.scalar(held) or 0) >= MOST:
        raise errors.too_many(MOST)
    view = SavedView(staff_id=staff_id, page=page, query=query, name=name, shared=shared, created_at=now)
    _check_name(session, view)
    session.add(view)
    session.flush()
    _trace(session, view.id, "create", None, _told(view), now=now, by=by)
    return view.id


def change_view(
    session: Session, view_id: int, *, name: str | None, shared: bool | None, now: dt.datetime, by: Actor
) -> None:
    """Call a view otherwise, or share it or not; what is None stays. Raises NotFound, Conflict `name-taken`."""
    view = _own(session, view_id, by)
    if view.deleted_at is not None:
        raise errors.no_view()
    before = _told(view)
    view.name = view.name if name is None else name
    view.shared = view.shared if shared is None else shared
    if _told(view) == before:
        return
    _check_name(session, view)
    session.flush()
    _trace(session, view_id, "change", before, _told(view), now=now, by=by)


def delete_view(session: Session, view_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Take a view out of everybody's menu. Deleting it again changes nothing. Raises NotFound."""
    view = _own(session, view_id, by)
    if view.deleted_at is None:
        view.deleted_at = now
        session.flush()
        _trace(session, view_id, "delete", _told(view), None, now=now, by=by)


def restore_view(session: Session, view_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Have a deleted view back. Raises NotFound, and Conflict `name-taken` where another has its name by now."""
    view = _own(session, view_id, by)
    if view.deleted_at is not None:
        _check_name(session, view)
        view.deleted_at = None
        session.flush()
        _trace(session, view_id, "undo", None, _told(view), now=now, by=by)


def _own(session: Session, view_id: int, by: Actor) -> SavedView:
    staff_id = _one_at_a_time(session, by)
    view = session.get(SavedView, view_id, populate_existing=True)
    if view is None or view.staff_id != staff_id:
        raise errors.no_view()
    return view


def _one_at_a_time(session: Session, by: Actor) -> int:
    # A person's two windows that save the same name at once: the second is told so, whatever the order.
    assert by.staff_id is not None
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("saved-views"), by.staff_id)))
    return by.staff_id


def _check_name(session: Session, view: SavedView) -> None:
    with session.no_autoflush:
        taken = session.scalar(
            sa.select(SavedView.id).where(
                SavedView.staff_id == view.staff_id,
                SavedView.page == view.page,
                sa.func.lower(SavedView.name) == sa.func.lower(view.name),
                SavedView.deleted_at.is_(None),
                SavedView.id.is_distinct_from(view.id),
            )
        )
    if taken is not None:
        raise errors.name_taken()


def _told(view: SavedView) -> dict[str, object]:
    # Without what the page is asked for, which may be a person who is erased one day.
    return {"page": view.page, "name": view.name, "shared": view.shared}
