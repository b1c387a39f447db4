"""Which views somebody may open."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.models import Staff
from erp_club.saved_views import errors
from erp_club.saved_views.models import SavedView

MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A view; `owner` is the name of whoever saved it, and `own` whether that is the reader."""

    id: int
    page: str
    query: str
    name: str
    shared: bool
    own: bool
    owner: str
    deleted: bool

    @property
    def address(self) -> str:
        """The page with its filters."""
        return f"{self.page}?{self.query}" if self.query else self.page


def views_for(session: Session, staff_id: int, pages: Collection[str]) -> list[ViewRow]:
    """The views of these pages that a person sees: their own first, then the shared ones of colleagues."""
    own = SavedView.staff_id == staff_id
    rows = session.execute(
        _rows(staff_id)
        .where(SavedView.page.in_(pages), SavedView.deleted_at.is_(None), own | SavedView.shared)
        .order_by(own.desc(), sa.func.lower(SavedView.name), SavedView.id)
        .limit(MOST_LISTED)
    )
    return [ViewRow(*row) for row in rows]


def own_view(session: Session, view_id: int, staff_id: int) -> ViewRow:
    """A person's own view, also a deleted one. Raises NotFound."""
    row = session.execute(_rows(staff_id).where(SavedView.id == view_id, SavedView.staff_id == staff_id)).first()
    if row is None:
        raise errors.no_view()
    return ViewRow(*row)


def _rows(staff_id: int) -> sa.Select[int, str, str, str, bool, bool, str, bool]:
    return sa.select(
        SavedView.id,
        SavedView.page,
        SavedView.query,
        SavedView.name,
        SavedView.shared,
        SavedView.staff_id == staff_id,
        Staff.name,
        SavedView.deleted_at.is_not(None),
    ).join(Staff, Staff.id == SavedView.staff_id)
