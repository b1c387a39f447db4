"""The segments that a form offers: what is to be done for whom."""

from pydantic import BaseModel

from erp_club.permissions.catalog import Permission
from erp_club.segments import saved
from erp_club.segments.kinds import SegmentState
from web.deps import Act


class SegmentChoice(BaseModel):
    """A segment to choose, and how many were in it when it was last counted."""

    id: int
    name: str
    customers: int


def segment_choices(act: Act) -> list[SegmentChoice]:
    """The active segments by name; none for who may not see them."""
    if not act.may(Permission.SEGMENTS_VIEW):
        return []
    return [
        SegmentChoice(id=row.id, name=row.name, customers=row.customers)
        for row in saved.every(act.session)
        if row.state == SegmentState.ACTIVE
    ]
