"""Making one customer of two.

Both are locked in the order of their ids, so that A into B and B into A at once wait for each other instead of both
holding one: the second is told that the first has won.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.errors import unknown_customer
from erp_club.customers.fields import CONSENTS
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, ConsentChange, Customer
from erp_club.customers.names.commands import keep_names
from erp_club.kernel import audit
from erp_club.people import errors
from erp_club.people.merging import fields
from erp_club.people.merging.moves.commands import look_again, move_memberships, move_rows
from erp_club.people.merging.rules import joined_consent
from erp_club.people.models import CustomerMerge
from erp_club.permissions.actors import Actor
from erp_club.receipts.rollups.commands import sum_again

NAMES = ("given_name", "family_name", "given_name_2", "family_name_2")
SOURCE = "merge"


def merge_customers(
    session: Session,
    survivor_id: int,
    merged_id: int,
    *,
    take: Collection[str],
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> int:
    """Make the one customer part of the other, who is left; gives the merge's id.

    `take` names the fields whose value is the merged one's. Cards, coupons, relatives and memberships move, points by
    paired movements that keep their days; receipts and movements stay where they are, and the old id leads to the
    survivor. A consent that either has refused is refused. Raises Invalid where both are the same, NotFound, Conflict
    `merged-already` and `membership-paused`.
    """
    check_two(survivor_id, merged_id)
    rows = hold_customers(session, survivor_id, merged_id)
    survivor, merged = rows[survivor_id], rows[merged_id]
    for row in (survivor, merged):
        if row["state"] != CustomerState.ACTIVE:
            raise errors.gone(row["number"])
    _leave(session, merged, survivor_id, take)
    moved: dict[str, Any] = move_rows(session, merged_id, survivor_id)
    moved["memberships"] = move_memberships(session, merged_id, survivor_id, today=today, now=now, by=by)
    moved["aliases"] = list(
        session.scalars(
            sa.update(Customer)
            .where(Customer.merged_into == merged_id)
            .values(merged_into=survivor_id)
            .returning(Customer.id)
        )
    )
    changed = _take_fields(session, survivor, merged, take, now)
    sum_again(session, (survivor_id, merged_id))
    look_again(session, (survivor_id,), today=today, now=now, by=by)
    moved["consents"] = _join_consents(session, survivor, merged, now=now, by=by)
    merge_id = session.execute(
        sa.insert(CustomerMerge)
        .values(
            survivor_id=survivor_id,
            merged_id=merged_id,
            moved=moved,
            fields=changed,
            at=now,
            by=by.name,
            staff_id=by.staff_id,
            terminal_id=by.terminal_id,
            store_id=by.store_id,
        )
        .returning(CustomerMerge.id)
    ).scalar_one()
    record_merge(session, "customer.merge", merge_id, survivor, merged, now=now, by=by)
    return merge_id


def check_two(survivor_id: int, merged_id: int) -> None:
    """Raises Invalid where both are the same."""
    if survivor_id == merged_id:
        raise errors.same_customer()


def hold_customers(session: Session, one: int, other: int) -> dict[int, Mapping[str, Any]]:
    """Both rows, locked in the order of their ids. Raises NotFound for one that was never there."""
    found = session.execute(
        sa.select(Customer.__table__)
        .where(Customer.id.in_((one, other)), Customer.id != UNIDENTIFIED)
        .order_by(Customer.id)
        .with_for_update()
    ).mappings()
    rows: dict[int, Mapping[str, Any]] = {row["id"]: dict(row) for row in found}
    if len(rows) < 2:
        raise unknown_customer()
    return rows


def record_merge(
    session: Session,
    action: str,
    merge_id: int,
    survivor: Mapping[str, Any],
    merged: Mapping[str, Any],
    *,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Keep it in the history of both."""
    after = {"merge_id": merge_id, "number": merged["number"], "into": survivor["number"]}
    for customer_id in (survivor["id"], merged["id"]):
        audit.record(session, by=by, now=now, action=action, entity="customer", entity_id=customer_id, after=after)


def _leave(session: Session, merged: Mapping[str, Any], survivor_id: int, take: Collection[str]) -> None:
    """The merged row is found by what it has still; what is unique goes over before it is written."""
    given_up = {"own_id": None} if "own_id" in take else {}
    session.execute(
        sa.update(Customer)
        .where(Customer.id == merged["id"])
        .values(state=CustomerState.MERGED, merged_into=survivor_id, **given_up)
    )


def _take_fields(
    session: Session,
    survivor: Mapping[str, Any],
    merged: Mapping[str, Any],
    take: Collection[str],
    now: dt.datetime,
) -> dict[str, Any]:
    """Write the fields that come from the merged one; gives them as they were and are.

    What the survivor had there goes to the merged row, so that an old phone or document still leads to the survivor.
    """
    changed = [field for field in fields.FIELDS if field in take and not fields.same(field, survivor, merged)]
    ours = {name: merged[name] for field in changed for name in fields.columns_of(field)}
    swapped = [field for field in changed if not fields.empty(field, survivor)]
    theirs = {name: survivor[name] for field in swapped for name in fields.columns_of(field)}
    for row, columns in ((survivor, ours | {"changed_at": now}), (merged, theirs)):
        write_fields(session, row, columns)
    return {field: {"before": fields.kept(field, survivor), "after": fields.kept(field, merged)} for field in changed}


def write_fields(session: Session, row: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Write columns of a customer, and the words by which the names are found."""
    if columns:
        session.execute(sa.update(Customer).where(Customer.id == row["id"]).values(**columns))
    if not columns.keys().isdisjoint(NAMES):
        keep_names(session, row["id"], [{**row, **columns}[name] for name in NAMES])


def _join_consents(
    session: Session, survivor: Mapping[str, Any], merged: Mapping[str, Any], *, now: dt.datetime, by: Actor
) -> dict[str, Any]:
    """Give and refuse what both together have given and refused; gives the survivor's before and after."""
    told: dict[str, Any] = {}
    for channel in CONSENTS:
        name = f"consent_{channel}"
        told[channel] = [survivor[name], joined_consent(survivor[name], merged[name])]
    changed = {channel: joined for channel, (before, joined) in told.items() if joined is not before}
    write_consents(session, survivor["id"], changed, now=now, by=by)
    return told


def write_consents(
    session: Session, customer_id: int, given: Mapping[str, bool | None], *, now: dt.datetime, by: Actor
) -> None:
    """Write consents that a merge, or its undoing, has changed, and what is kept of each."""
    if not given:
        return
    session.execute(
        sa.update(Customer)
        .where(Customer.id == customer_id)
        .values({f"consent_{channel}": value for channel, value in given.items()})
    )
    rows = [
        {
            "customer_id": customer_id,
            "channel": channel,
            "given": value,
            "at": now,
            "source": SOURCE,
            "staff_id": by.staff_id,
            "terminal_id": by.terminal_id,
        }
        for channel, value in given.items()
        if value is not None
    ]
    if rows:
        session.execute(sa.insert(ConsentChange), rows)
