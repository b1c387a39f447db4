"""Saving segments, freezing them, and keeping who is in them."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.fields import Registry
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.segments import queries, saved, tree
from erp_club.segments.compiler import Facts, members
from erp_club.segments.kinds import SegmentKind, SegmentState
from erp_club.segments.models import Segment, SegmentCount, SegmentCustomer, SegmentVersion
from erp_club.segments.reading import read_condition
from erp_club.segments.saved import Known
from erp_club.segments.tree import Condition
from erp_club.segments.unknown import refuse_unknown

MOST_NAMED = 200_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What a segment is called, what is noted beside it, and whether tills show it."""

    name: str
    notes: str = ""
    at_till: bool = True


def create(
    session: Session, settings: Settings, condition: Any, *, registry: Registry, today: dt.date, now: dt.datetime,
    by: Actor,
) -> int:  # fmt: skip
    """Save a question, find who is in it, and give its id.

    Raises Invalid with the place of every fault, Conflict `segment-exists`.
    """
    asked, known = _checked(session, settings.name, condition, registry)
    segment_id = _insert(session, settings, SegmentKind.DYNAMIC, now=now, by=by, version_no=1,
                         by_sale=_by_sale(asked, known))  # fmt: skip
    _add_version(session, segment_id, 1, condition, now=now, by=by)
    _record(session, "segment.create", segment_id, None, {"name": settings.name, "condition": condition}, now, by)
    refresh(session, segment_id, registry=registry, today=today, now=now)
    return segment_id


def edit(
    session: Session, segment_id: int, settings: Settings, condition: Any, *, version: int | None, registry: Registry,
    today: dt.date, now: dt.datetime, by: Actor,
) -> None:  # fmt: skip
    """Change a segment; another question is another version. The name stays. None as the condition leaves it.

    The same question stays whatever it names, which may be gone since.


    Raises NotFound, Invalid, Conflict `segment-changed` where somebody else was first.
    """
    segment = _locked(session, segment_id)
    if version is not None and version != segment.version:
        raise Conflict(T("Somebody else has changed this segment. Look at it again."), code="segment-changed")
    before: dict[str, Any] = {"notes": segment.notes, "at_till": segment.at_till}
    after: dict[str, Any] = {"notes": settings.notes, "at_till": settings.at_till}
    if condition is not None and segment.version_no is not None:
        held = saved.one(session, segment_id).condition
        if held != condition:
            asked, known = _checked(session, segment.name, condition, registry)
            before["condition"], after["condition"] = held, condition
            number = segment.version_no + 1
            segment.version_no, segment.by_sale = number, _by_sale(asked, known)
            _add_version(session, segment_id, number, condition, now=now, by=by)
    segment.notes, segment.at_till, segment.version = settings.notes, settings.at_till, segment.version + 1
    session.flush()
    changed = {name for name in after if after[name] != before[name]}
    if changed:
        _record(session, "segment.edit", segment_id, {name: before[name] for name in changed},
                {name: after[name] for name in changed}, now, by)  # fmt: skip
    if "condition" in changed:
        refresh(session, segment_id, registry=registry, today=today, now=now)


def set_state(session: Session, segment_id: int, state: SegmentState, *, now: dt.datetime, by: Actor) -> None:
    """Close a segment, or open it again. Raises NotFound."""
    segment = _locked(session, segment_id)
    if segment.state == state:
        return
    _record(session, "segment.state", segment_id, {"state": segment.state}, {"state": state.value}, now, by)
    segment.state, segment.version = state, segment.version + 1
    session.flush()


def freeze(
    session: Session, segment_id: int, settings: Settings, *, registry: Registry, today: dt.date, now: dt.datetime,
    by: Actor, as_of: dt.date | None = None,
) -> int:  # fmt: skip
    """Keep those who are in a segment now as a list of its own, and give its id. Raises NotFound, Conflict.

    `as_of`: those who were in it at the end of that day by what is kept of purchases; what else a condition asks, as
    consents or points, is as it stands today.
    """
    source = saved.one(session, segment_id)
    held = saved.known(session, registry)
    condition = held.trees.get(source.name)
    day = as_of or today
    if condition is not None and day == today:
        refresh(session, segment_id, registry=registry, today=today, now=now, known=held)
    made = _insert(session, settings, SegmentKind.FROZEN, now=now, by=by)
    if condition is not None and day != today:
        _replace(session, made, condition, saved.with_known(session, held, day))
    else:
        mine = SegmentCustomer.segment_id == segment_id
        kept = sa.select(SegmentCustomer.customer_id, sa.literal(made)).where(mine)
        session.execute(sa.insert(SegmentCustomer).from_select(["customer_id", "segment_id"], kept))
    _count(session, made, today=today, now=now)
    said = {"name": settings.name, "from": source.name, "as_of": day.isoformat()}
    _record(session, "segment.freeze", made, None, said, now, by)
    return made


def take_list(
    session: Session, settings: Settings, numbers: Sequence[str], *, today: dt.date, now: dt.datetime, by: Actor
) -> tuple[int, list[str]]:
    """Keep customers by their numbers as a frozen segment, a new one or more of one that is there.

    Gives its id and the numbers that nobody has. Raises Conflict where the name is a dynamic segment's, Invalid for
    none or too many numbers.
    """
    wanted = list(dict.fromkeys(number.strip() for number in numbers if number.strip()))
    if not 1 <= len(wanted) <= MOST_NAMED:
        raise Invalid([FieldError("numbers", T("Give 1 to %(most)s customer numbers.", most=MOST_NAMED))])
    made = open_list(session, settings, now=now, by=by)
    found = {
        row.number: row.id
        for row in session.execute(
            sa.select(Customer.number, Customer.id).where(
                Customer.number == sa.any_(sa.literal(wanted, ARRAY(sa.Text))),
                Customer.state == CustomerState.ACTIVE,
                Customer.id != 0,
            )
        )
    }
    ids = sa.func.unnest(sa.literal(list(found.values()), ARRAY(sa.BigInteger))).column_valued("id")
    session.execute(
        insert(SegmentCustomer)
        .from_select(["customer_id", "segment_id"], sa.select(ids, sa.literal(made)))
        .on_conflict_do_nothing()
    )
    end_list(session, made, settings.name, len(found), today=today, now=now, by=by)
    return made, [number for number in wanted if number not in found]


def open_list(session: Session, settings: Settings, *, now: dt.datetime, by: Actor) -> int:
    """The id of the frozen segment of this name, locked; a new one where there is none.

    Whoever adds customers says so with `end_list`. Raises Conflict where the name is a dynamic segment's.
    """
    segment = session.scalar(sa.select(Segment).where(Segment.name == settings.name).with_for_update())
    if segment is not None and segment.kind != SegmentKind.FROZEN:
        raise _exists(settings.name)
    return segment.id if segment else _insert(session, settings, SegmentKind.FROZEN, now=now, by=by)


def end_list(
    session: Session, segment_id: int, name: str, named: int, *, today: dt.date, now: dt.datetime, by: Actor
) -> None:
    """Count a list that customers were added to, and keep in its history how many were named."""
    _count(session, segment_id, today=today, now=now)
    _record(session, "segment.list", segment_id, None, {"name": name, "customers": named}, now, by)


def record_export(session: Session, segment_id: int, told: dict[str, Any], *, now: dt.datetime, by: Actor) -> None:
    """Keep who took a list of the segment's customers out, and what of them."""
    _record(session, "segment.export", segment_id, None, told, now, by)


def refresh(
    session: Session, segment_id: int, *, registry: Registry, today: dt.date, now: dt.datetime,
    known: Known | None = None,
) -> int:  # fmt: skip
    """Find again who is in a segment, and keep the count; gives it. Of a frozen one only the count."""
    held = known or saved.known(session, registry)
    name = next((name for name, each in held.ids.items() if each == segment_id), "")
    condition = held.trees.get(name)
    if condition is not None:
        _replace(session, segment_id, condition, saved.with_known(session, held, today))
    return _count(session, segment_id, today=today, now=now)


def refresh_customer(session: Session, customer_id: int, *, registry: Registry, today: dt.date) -> None:
    """Find again which of the segments that a sale can change a customer is in."""
    held = saved.known(session, registry)
    if not held.by_sale or customer_id == 0:
        return
    asked = {name: held.trees[name] for name in held.by_sale if name in held.trees}
    facts = saved.with_known(session, held, today, only=(customer_id,))
    holds = queries.held_by(session, asked, facts).get(customer_id, frozenset())
    _keep(session, customer_id, {held.ids[name] for name in asked}, {held.ids[name] for name in holds})


def _keep(session: Session, customer_id: int, asked: Collection[int], holds: Collection[int]) -> None:
    gone = list(set(asked) - set(holds))
    if gone:
        session.execute(
            sa.delete(SegmentCustomer).where(
                SegmentCustomer.customer_id == customer_id, SegmentCustomer.segment_id.in_(gone)
            )
        )
    if holds:
        rows = [{"customer_id": customer_id, "segment_id": segment_id} for segment_id in sorted(holds)]
        session.execute(insert(SegmentCustomer).values(rows).on_conflict_do_nothing())


def _replace(session: Session, segment_id: int, condition: Condition, facts: Facts) -> None:
    """Keep exactly those who are in it now; who stays isn't touched."""
    session.execute(sa.text(queries.MEMORY))
    # Two refreshes at once would each add what the other has just added.
    session.execute(sa.select(Segment.id).where(Segment.id == segment_id).with_for_update())
    found = members(condition, facts, Customer.id.label("id")).cte("found").prefix_with("MATERIALIZED")
    gone = (
        sa.delete(SegmentCustomer)
        .where(
            SegmentCustomer.segment_id == segment_id,
            ~sa.exists().where(found.c.id == SegmentCustomer.customer_id),
        )
        .cte("gone")
    )
    came = insert(SegmentCustomer).from_select(
        ["customer_id", "segment_id"], sa.select(found.c.id, sa.literal(segment_id))
    )
    session.execute(came.on_conflict_do_nothing().add_cte(gone))


def _count(session: Session, segment_id: int, *, today: dt.date, now: dt.datetime) -> int:
    customers = session.scalar(
        sa.select(sa.func.count())
        .select_from(SegmentCustomer)
        .join(Customer, Customer.id == SegmentCustomer.customer_id)
        .where(SegmentCustomer.segment_id == segment_id, Customer.state == CustomerState.ACTIVE)
    )
    kept = customers or 0
    session.execute(sa.update(Segment).where(Segment.id == segment_id).values(customers=kept, counted_at=now))
    counted = insert(SegmentCount).values(segment_id=segment_id, on_date=today, customers=kept)
    session.execute(counted.on_conflict_do_update(index_elements=["segment_id", "on_date"], set_={"customers": kept}))
    return kept


def _checked(session: Session, name: str, condition: Any, registry: Registry) -> tuple[Condition, Known]:
    """The condition as a tree that can be compiled among the segments that there are."""
    asked = read_condition(condition, registry, path="where")
    refuse_unknown(session, asked)
    held = saved.known(session, registry)
    among = Known({**held.trees, name: asked}, held.ids, held.by_sale)
    facts = saved.with_known(session, among, dt.date(2000, 1, 1))
    members(tree.InSegment(tree.Op.EQ, (name,)), facts)
    return asked, held


def _by_sale(condition: Condition, known: Known) -> bool:
    """Whether a sale can change who is in it, and one customer can be looked at alone."""
    inner = [known.trees[name] for name in saved.uses(condition) if name in known.trees]
    leaves = [leaf for each in (condition, *inner) for leaf in tree.leaves(each)]
    if any(isinstance(leaf, tree.FieldIs) and leaf.field.whole for leaf in leaves):
        return False
    return tree.by_sale(condition) or any(tree.by_sale(each) for each in inner)


def _insert(session: Session, settings: Settings, kind: SegmentKind, *, now: dt.datetime, by: Actor,
            version_no: int | None = None, by_sale: bool = False) -> int:  # fmt: skip
    if not settings.name.strip():
        raise Invalid([FieldError("name", T("This field is required."))])
    made = session.scalar(
        insert(Segment)
        .values(name=settings.name, notes=settings.notes, at_till=settings.at_till, kind=kind, owner_id=by.staff_id,
                version_no=version_no, by_sale=by_sale, created_at=now)
        .on_conflict_do_nothing(index_elements=[Segment.name])
        .returning(Segment.id)
    )  # fmt: skip
    if made is None:
        raise _exists(settings.name)
    return made


def _exists(name: str) -> Conflict:
    text = T("There is a segment by the name %(name)s already.", name=name)
    return Conflict(text, field="name", code="segment-exists")


def _add_version(session: Session, segment_id: int, no: int, condition: Any, *, now: dt.datetime, by: Actor) -> None:
    session.execute(
        sa.insert(SegmentVersion).values(
            segment_id=segment_id, version_no=no, condition=condition, at=now, staff_id=by.staff_id
        )
    )


def _locked(session: Session, segment_id: int) -> Segment:
    segment = session.get(Segment, segment_id, with_for_update=True)
    if segment is None:
        raise NotFound(T("There is no such segment."), code="segment-unknown")
    return segment


def _record(session: Session, action: str, segment_id: int, before: dict[str, Any] | None,
            after: dict[str, Any] | None, now: dt.datetime, by: Actor) -> None:  # fmt: skip
    """Keep what was changed; conditions and notes, which may name people, only where an erasure can reach them."""
    told = [None if each is None else {name: _without_people(name, value) for name, value in each.items()}
            for each in (before, after)]  # fmt: skip
    audit.record(session, by=by, now=now, action=action, entity="segment", entity_id=segment_id, before=told[0],
                 after=told[1])  # fmt: skip


def _without_people(name: str, value: Any) -> Any:
    if name == "condition":
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
    return bool(value) if name == "notes" else value
