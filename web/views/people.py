"""What pages show of persons everywhere: two customers who become one, and what has become one."""

import datetime as dt
from typing import Any

from pydantic import BaseModel, Field

from erp_club.clubs.queries import MembershipRow, memberships
from erp_club.customers.fields import CONSENTS
from erp_club.customers.queries import record
from erp_club.customers.record import CustomerRecord
from erp_club.people.erasure.queries import taken
from erp_club.people.merging import queries
from erp_club.people.merging.fields import FIELDS
from erp_club.people.merging.rules import joined_consent
from erp_club.people.merging.undoing.outlook import outlook
from erp_club.points.units import Unit
from web.deps import Act
from web.i18n import say
from web.views.clubs import Standing, standing
from web.views.customers import labels
from web.views.sums import PointsSum, sums


class MergeField(BaseModel):
    """One field of both; `take` where the other's is proposed, since the one who is left has none."""

    name: str
    label: str = Field(exclude=True)
    ours: str | dt.date
    theirs: str | dt.date
    differs: bool
    take: bool


class MergeSide(BaseModel):
    """One of the two."""

    customer_id: int
    number: str
    name: str
    opened_on: dt.date


class ClubMoved(BaseModel):
    """A membership of the other's. `both`: the days are joined with those of the one who is left.

    With an `obstacle` the merge is refused until that is settled.
    """

    names: dict[str, str]
    both: bool
    points: int
    unit: Unit
    obstacle: str | None


class ConsentJoined(BaseModel):
    """A consent that one of the two has given or refused, and what both together have said."""

    channel: str
    label: str = Field(exclude=True)
    ours: bool | None
    theirs: bool | None
    together: bool


class MergePreview(BaseModel):
    """Two customers side by side, and what moves from the second to the first, who is left."""

    survivor: MergeSide
    merged: MergeSide
    fields: list[MergeField]
    consents: list[ConsentJoined]
    cards: int
    coupons: int
    relatives: int
    own_fields: int
    receipts: int
    clubs: list[ClubMoved]


class MergeLine(BaseModel):
    """A merge into this customer; it can be undone once."""

    merge_id: int
    customer_id: int
    merged_id: int
    number: str
    at: dt.datetime
    by: str
    undone_at: dt.datetime | None
    undone_by: str | None


class MembershipParted(BaseModel):
    """What one of the two would have in a club: as it would stand, to its last day (none for life), with its points."""

    state: Standing
    state_on: dt.date | None
    valid_until: dt.date | None
    points: int


class ClubParted(BaseModel):
    """A club in which one of the two would be a member, or both."""

    names: dict[str, str]
    unit: Unit
    ours: MembershipParted | None
    theirs: MembershipParted | None


class UndoPreview(MergeLine):
    """A merge, and what both would have in each club if it were undone now; or the `obstacle` that is in the way."""

    survivor: str
    clubs: list[ClubParted]
    obstacle: str | None


class MergesPage(BaseModel):
    """Whom this customer was made of, and the way to the next merge."""

    customer: MergeSide
    merges: list[MergeLine]


class AccessFile(BaseModel):
    """All rows of a customer by the table they stand in. The columns are those of the tables."""

    customer_id: int
    rows: dict[str, list[dict[str, Any]]]

    @property
    def fields(self) -> list[list[tuple[str, Any]]]:
        """What is known of the customer, and of each record that became this one, with the fields' names."""
        named = labels()
        return [
            [(str(named[name]), row[name]) for name in _KNOWN if name in named and row.get(name) not in {None, ""}]
            for row in self.rows["customers"]
        ]

    def of(self, *tables: str) -> list[dict[str, Any]]:
        """The rows of tables, those without any left out."""
        return [row for table in tables for row in self.rows.get(table, ())]

    @property
    def rest(self) -> list[tuple[str, int]]:
        """Tables that the page doesn't draw row by row, with how many rows each has."""
        return [(table, len(rows)) for table, rows in self.rows.items() if table not in _DRAWN]


_KNOWN = tuple(name for name in FIELDS if name != "home_store")
_DRAWN = frozenset({
    "customers", "consent_changes", "customer_relatives", "customer_classifications", "cards", "memberships",
    "membership_periods", "membership_events", "points_movements", "coupons", "stored_value_cards", "receipts",
    "receipt_lines", "segment_customers", "audit_entries",
})  # fmt: skip


class ErasurePage(BaseModel):
    """What erasing a customer takes, what stays, and what stands in the way.

    `texts` are those that somebody typed, or a machine wrote, about something else, and that name the customer.
    """

    customer: MergeSide
    points: int
    sums: list[PointsSum]
    coupons: int
    memberships: int
    value_minor: int
    receipts: int
    obstacles: list[str]


def erasure_page(act: Act, customer_id: int) -> ErasurePage:
    """What erasing the customer would do. Raises NotFound."""
    side = _side(record(act.session, customer_id))
    lost = taken(act.session, customer_id)
    return ErasurePage(
        customer=side,
        points=lost.points,
        sums=sums((held.balance, held.unit) for held in memberships(act.session, customer_id, today=act.today)),
        coupons=lost.coupons,
        memberships=lost.memberships,
        value_minor=lost.value_minor,
        receipts=lost.receipts,
        obstacles=[say(each) for each in lost.obstacles],
    )


def merge_preview(act: Act, survivor_id: int, merged_id: int) -> MergePreview:
    """What a merge would do. Raises NotFound."""
    survivor, merged = record(act.session, survivor_id), record(act.session, merged_id)
    moves = queries.moves(act.session, survivor_id, merged_id)
    named = labels()
    fields = [_field(name, named[name], survivor, merged) for name in FIELDS]
    return MergePreview(
        survivor=_side(survivor),
        merged=_side(merged),
        fields=[each for each in fields if each.ours or each.theirs],
        consents=_consents(survivor, merged),
        cards=moves.cards,
        coupons=moves.coupons,
        relatives=moves.relatives,
        own_fields=moves.own_fields,
        receipts=moves.receipts,
        clubs=[
            ClubMoved(
                names=each.club,
                both=each.both,
                points=each.points,
                unit=each.unit,
                obstacle=each.obstacle and say(each.obstacle),
            )
            for each in moves.clubs
        ],
    )


def merges_page(act: Act, customer_id: int) -> MergesPage:
    """Whom the customer was made of. Raises NotFound."""
    return MergesPage(
        customer=_side(record(act.session, customer_id)),
        merges=[merge_line(each) for each in queries.merges_of(act.session, customer_id)],
    )


def undo_preview(act: Act, merge_id: int) -> UndoPreview:
    """What undoing a merge would do. Raises NotFound."""
    row = queries.merge(act.session, merge_id)
    seen = outlook(act.session, merge_id, row.survivor_id, today=act.today, now=act.now, by=act.by)
    ours, theirs = ({each.club_id: each for each in rows} for rows in (seen.ours, seen.theirs))
    return UndoPreview(
        **merge_line(row).model_dump(),
        survivor=record(act.session, row.survivor_id).number,
        clubs=[
            ClubParted(
                names=each.names,
                unit=each.unit,
                ours=_parted(act, ours.get(club)),
                theirs=_parted(act, theirs.get(club)),
            )
            for club, each in (theirs | ours).items()
        ],
        obstacle=say(seen.obstacle) if seen.obstacle else None,
    )


def _parted(act: Act, row: MembershipRow | None) -> MembershipParted | None:
    if row is None:
        return None
    return MembershipParted(
        state=standing(row, act.today), state_on=row.state_on, valid_until=row.valid_until, points=row.balance
    )


def merge_line(row: queries.MergeRow) -> MergeLine:
    """One merge."""
    return MergeLine(
        merge_id=row.id,
        customer_id=row.survivor_id,
        merged_id=row.merged_id,
        number=row.number,
        at=row.at,
        by=row.by,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
    )


def _field(name: str, label: str, survivor: CustomerRecord, merged: CustomerRecord) -> MergeField:
    ours, theirs = (_said(name, each) for each in (survivor, merged))
    return MergeField(
        name=name, label=label, ours=ours, theirs=theirs, differs=ours != theirs, take=bool(theirs) and not ours
    )


def _consents(survivor: CustomerRecord, merged: CustomerRecord) -> list[ConsentJoined]:
    named = labels()
    made: list[ConsentJoined] = []
    for channel in CONSENTS:
        name = f"consent_{channel}"
        ours, theirs = getattr(survivor, name), getattr(merged, name)
        together = joined_consent(ours, theirs)
        if together is not None:
            label = str(named[name])
            made.append(ConsentJoined(channel=channel, label=label, ours=ours, theirs=theirs, together=together))
    return made


def _said(name: str, of: CustomerRecord) -> str | dt.date:
    if name == "id_number":
        return f"{of.id_number} {of.id_country}" if of.id_number else ""
    if name == "home_store":
        return of.home_store_name or ""
    return getattr(of, name) or ""


def _side(of: CustomerRecord) -> MergeSide:
    return MergeSide(
        customer_id=of.customer_id,
        number=of.number,
        name=f"{of.given_name} {of.family_name}".strip(),
        opened_on=of.opened_at.date(),
    )
