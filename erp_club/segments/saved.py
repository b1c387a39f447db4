"""Saved segments as they are read: by name for the compiler, as lists, and by customer."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.errors import NotFound
from erp_club.kernel.fields import Registry
from erp_club.kernel.reading import in_portions
from erp_club.kernel.text import T
from erp_club.permissions.models import Staff
from erp_club.segments import tree
from erp_club.segments.compiler import Facts
from erp_club.segments.kinds import SegmentKind, SegmentState
from erp_club.segments.models import Segment, SegmentCount, SegmentCustomer, SegmentVersion
from erp_club.segments.queries import Member, clubs, rolled_up
from erp_club.segments.reading import read_condition
from erp_club.segments.tree import Condition


@dataclass(frozen=True, slots=True)
class Row:
    """A segment in a list. `condition` is None for a frozen one."""

    id: int
    name: str
    notes: str
    kind: SegmentKind
    state: SegmentState
    owner: str
    version_no: int | None
    by_sale: bool
    at_till: bool
    customers: int
    counted_at: dt.datetime | None
    version: int
    condition: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A question that a segment asked, and who made it so."""

    version_no: int
    at: dt.datetime
    by: str
    condition: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """The active segments: the trees of the dynamic ones and the ids of all, by name."""

    trees: Mapping[str, Condition]
    ids: Mapping[str, int]
    by_sale: frozenset[str]


_ROW = (
    sa.select(
        Segment.id, Segment.name, Segment.notes, Segment.kind, Segment.state,
        sa.func.coalesce(Staff.name, "").label("owner"), Segment.version_no, Segment.by_sale, Segment.at_till,
        Segment.customers, Segment.counted_at, Segment.version, SegmentVersion.condition,
    )
    .outerjoin(Staff, Staff.id == Segment.owner_id)
    .outerjoin(
        SegmentVersion,
        (SegmentVersion.segment_id == Segment.id) & (SegmentVersion.version_no == Segment.version_no),
    )
)  # fmt: skip


SORTS: dict[str, Any] = {
    "name": sa.func.lower(Segment.name), "customers": Segment.customers, "counted_at": Segment.counted_at,
}  # fmt: skip
"""What a list can be ordered by."""


def every(session: Session, *, text: str | None = None, sort: str = "name", descending: bool = False) -> list[Row]:
    """All segments whose name holds the text, the active ones first, in the order of one of `SORTS`; equals by name."""
    found = _ROW if not text else _ROW.where(Segment.name.icontains(text, autoescape=True))
    order = SORTS[sort].desc().nulls_last() if descending else SORTS[sort].asc().nulls_last()
    ordered = found.order_by(Segment.state, order, SORTS["name"])
    return [_row(row) for row in session.execute(ordered)]


def one(session: Session, segment_id: int) -> Row:
    """One segment. Raises NotFound."""
    row = session.execute(_ROW.where(Segment.id == segment_id)).one_or_none()
    if row is None:
        raise NotFound(T("There is no such segment."), code="segment-unknown")
    return _row(row)


def _row(row: Any) -> Row:
    values = row._asdict()
    return Row(**values | {"kind": SegmentKind(row.kind), "state": SegmentState(row.state)})


def versions(session: Session, segment_id: int) -> list[VersionRow]:
    """What it asked, the newest first."""
    rows = session.execute(
        sa.select(SegmentVersion.version_no, SegmentVersion.at, sa.func.coalesce(Staff.name, ""),
                  SegmentVersion.condition)
        .outerjoin(Staff, Staff.id == SegmentVersion.staff_id)
        .where(SegmentVersion.segment_id == segment_id)
        .order_by(SegmentVersion.version_no.desc())
    )  # fmt: skip
    return [VersionRow(*row) for row in rows]


def trend(session: Session, segment_ids: list[int], *, since: dt.date) -> dict[int, list[tuple[dt.date, int]]]:
    """The counts by day of these segments, the oldest first."""
    rows = session.execute(
        sa.select(SegmentCount.segment_id, SegmentCount.on_date, SegmentCount.customers)
        .where(SegmentCount.segment_id.in_(segment_ids), SegmentCount.on_date >= since)
        .order_by(SegmentCount.segment_id, SegmentCount.on_date)
    )
    made: dict[int, list[tuple[dt.date, int]]] = {}
    for segment_id, day, customers in rows:
        made.setdefault(segment_id, []).append((day, customers))
    return made


def known(session: Session, registry: Registry) -> Known:
    """The active segments, as trees may name them."""
    rows = session.execute(
        sa.select(Segment.id, Segment.name, Segment.version_no, Segment.by_sale)
        .where(Segment.state == SegmentState.ACTIVE)
        .order_by(Segment.id)
    ).all()
    trees = {row.name: _tree(session, registry, row.id, row.version_no) for row in rows if row.version_no is not None}
    return Known(trees, {row.name: row.id for row in rows}, frozenset(row.name for row in rows if row.by_sale))


def _tree(session: Session, registry: Registry, segment_id: int, version_no: int) -> Condition:
    condition = session.scalar(
        sa.select(SegmentVersion.condition).where(
            SegmentVersion.segment_id == segment_id, SegmentVersion.version_no == version_no
        )
    )
    return read_condition(condition, registry, kept=True)


def facts(session: Session, as_of: dt.date, registry: Registry, *, only: tuple[int, ...] | None = None) -> Facts:
    """What trees are compiled with on this day, other segments among it."""
    saved = known(session, registry)
    return with_known(session, saved, as_of, only=only)


def with_known(session: Session, saved: Known, as_of: dt.date, *, only: tuple[int, ...] | None = None) -> Facts:
    """The same of segments that are read already."""
    rolled = rolled_up(session)
    lists = {name: listed(segment_id) for name, segment_id in saved.ids.items() if name not in saved.trees}
    return Facts(
        as_of, segments=saved.trees, lists=lists, rolled=rolled, only=only, clubs=clubs(session) if only is None else {}
    )


def listed(segment_id: int) -> Any:
    """A SELECT of the customers that are kept as being in a segment."""
    return sa.select(SegmentCustomer.customer_id).where(SegmentCustomer.segment_id == segment_id)


@lru_cache(maxsize=1)
def _of_customer() -> Any:
    return (
        sa.select(Segment.name)
        .join(SegmentCustomer, SegmentCustomer.segment_id == Segment.id)
        .where(SegmentCustomer.customer_id == sa.bindparam("customer"), Segment.state == SegmentState.ACTIVE)
        .order_by(sa.func.lower(Segment.name))
    )


def of_customer(session: Session, customer_id: int, *, at_till: bool = False) -> list[str]:
    """The names of the segments that a customer is in; only those shown at the till where `at_till`."""
    asked = _of_customer().where(Segment.at_till) if at_till else _of_customer()
    return list(session.scalars(asked, {"customer": customer_id}))


def numbers(session: Session, segment_id: int) -> Iterator[tuple[str, str, str]]:
    """Number, given and family name of the customers kept as being in it, in order, read in portions."""
    statement = (
        sa.select(Customer.number, Customer.given_name, Customer.family_name)
        .join(SegmentCustomer, SegmentCustomer.customer_id == Customer.id)
        .where(SegmentCustomer.segment_id == segment_id, Customer.state == CustomerState.ACTIVE)
        .order_by(Customer.number)
    )
    return ((row.number, row.given_name, row.family_name) for row in in_portions(session, statement))


def uses(condition: Condition) -> frozenset[str]:
    """The names of the segments that a tree speaks of."""
    return frozenset(name for leaf in tree.leaves(condition) if isinstance(leaf, tree.InSegment) for name in leaf.names)


def any_by_sale(session: Session) -> bool:
    """Whether there is an active segment that a sale can change."""
    asked = sa.exists().where(Segment.by_sale, Segment.state == SegmentState.ACTIVE)
    return bool(session.scalar(sa.select(asked)))


def sample(session: Session, segment_id: int, *, size: int = 10) -> list[Member]:
    """Some of those who are kept as being in it: always the same ones while it stays the same."""
    rows = session.execute(
        sa.select(Customer.id, Customer.number, Customer.given_name, Customer.family_name)
        .join(SegmentCustomer, SegmentCustomer.customer_id == Customer.id)
        .where(SegmentCustomer.segment_id == segment_id, Customer.state == CustomerState.ACTIVE)
        .order_by(sa.func.hashint8(Customer.id), Customer.id)
        .limit(size)
    )
    return [Member(*row) for row in rows]


def customer_id(session: Session, number: str) -> int | None:
    """The living customer with this number."""
    return session.scalar(
        sa.select(Customer.id).where(
            Customer.number == number, Customer.state == CustomerState.ACTIVE, Customer.id != UNIDENTIFIED
        )
    )
