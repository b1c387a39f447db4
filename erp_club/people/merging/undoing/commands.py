"""Making two customers of one again.

What was moved goes back, as it is by now; what happened since stays with the survivor. The rules stand in the page that
asks: a membership that came over whole goes back with its points and days; of joined ones the days and levels that were
added go back, and the points that came over as far as they are still there; what was renewed, extended or paused since
stays with the survivor, without a gap; a purchase since moves the survivor's own sliding term as if the other's days
had never been added, and what came back since of the other's purchases moves theirs back; what was ended is ended for
both, also where the survivor joined anew, and each ending is undone by itself, with days and points of its own; what is
settled later goes by the receipt: with the account that holds its points by then; a sale that is still open goes back,
one that was paid stays; a field goes back unless somebody has changed it since; a consent refused since holds for both.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_part
from erp_club.clubs.commands import hold
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Membership
from erp_club.customers.fields import CONSENTS
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.people import errors
from erp_club.people.merging import fields
from erp_club.people.merging.commands import hold_customers, record_merge, write_consents, write_fields
from erp_club.people.merging.moves.commands import account_of, look_again, move_settlements, new_account
from erp_club.people.merging.undoing.days import Story
from erp_club.people.merging.undoing.memberships import ended_before, slide_back, stand_as_before, story_of, take_days
from erp_club.people.merging.undoing.places import give_place_back
from erp_club.people.models import CustomerMerge
from erp_club.permissions.actors import Actor
from erp_club.points.commands import end_account, freeze_account, give_back_points, set_heir, transfer_points
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.points.moves.commands import carry_standing
from erp_club.points.queries import balance_at, movements_at
from erp_club.points.rules import DROPPED, ReturnPolicy
from erp_club.programmes.overrides.commands import drop_shared
from erp_club.receipts.rollups.commands import sum_again

REASON = "Merge undone"


def undo_merge(session: Session, merge_id: int, *, today: dt.date, now: dt.datetime, by: Actor) -> int:
    """Give back what a merge moved, and keep what happened since; gives the id of the customer who is back.

    Raises NotFound, Conflict `merge-undone`, `survivor-gone` where the survivor was itself merged or erased since, and
    `id-taken` where somebody else has got the document since.
    """
    merge = session.scalars(
        sa.select(CustomerMerge).where(CustomerMerge.id == merge_id).with_for_update()
    ).one_or_none()
    if merge is None:
        raise errors.unknown_merge()
    if merge.undone_at is not None:
        raise errors.undone_already()
    rows = hold_customers(session, merge.survivor_id, merge.merged_id)
    survivor, merged = rows[merge.survivor_id], rows[merge.merged_id]
    if survivor["state"] != CustomerState.ACTIVE:
        raise errors.survivor_gone()
    given = _give_fields(session, survivor, merged, merge, now)
    _come_back(session, survivor, merged, given, merge)
    _give_rows(session, merge)
    for each in merge.moved["memberships"]:
        _give_membership(session, each, merge, Cause(MovementKind.TRANSFERRED, today, now, by, reason=REASON))
    sum_again(session, (survivor["id"], merged["id"]))
    look_again(session, (survivor["id"], merged["id"]), today=today, now=now, by=by)
    _give_consents(session, survivor, merged, merge.moved["consents"], now=now, by=by)
    merge.undone_at, merge.undone_by = now, by.name
    session.flush()
    record_merge(session, "customer.unmerge", merge_id, survivor, merged, now=now, by=by)
    return merge.merged_id


def _give_fields(
    session: Session,
    survivor: Mapping[str, Any],
    merged: Mapping[str, Any],
    merge: CustomerMerge,
    now: dt.datetime,
) -> dict[str, Any]:
    """What nobody has changed since is again what it was; gives what is the merged one's again.

    A document comes from the row that has it: it may be sealed under another key by now.
    """
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    if "own_id" in merge.fields:  # it is unique: what the survivor gets back is given up first
        write_fields(session, merged, {"own_id": None})
    for field, told in merge.fields.items():
        before, after = (
            next((row for row in (survivor, merged) if fields.same(field, row, known)), known)
            for known in (fields.read(told["before"]), fields.read(told["after"]))
        )
        theirs |= {name: after[name] for name in fields.columns_of(field)}
        if after is survivor:
            ours |= {name: before[name] for name in fields.columns_of(field)}
        else:
            _pass_on(session, merge, field, told)
    _check_document(session, survivor, ours)
    write_fields(session, survivor, _free(session, survivor, ours) | {"changed_at": now})
    return theirs


def _pass_on(session: Session, merge: CustomerMerge, field: str, told: Mapping[str, Any]) -> None:
    """A later merge that has changed the field gives back, one day, what the survivor had before this one."""
    before, after = fields.read(told["before"]), fields.read(told["after"])
    later = sa.select(CustomerMerge).where(
        CustomerMerge.survivor_id == merge.survivor_id, CustomerMerge.id > merge.id, CustomerMerge.undone_at.is_(None)
    )
    for each in session.scalars(later.order_by(CustomerMerge.id)):
        kept = each.fields.get(field)
        if kept is not None and fields.same(field, fields.read(kept["before"]), after):
            each.fields = {**each.fields, field: {**kept, "before": told["before"]}}
            row = hold_customers(session, merge.survivor_id, each.merged_id)[each.merged_id]
            own = before if field == "own_id" or not fields.empty(field, before) else fields.read(kept["after"])
            write_fields(session, row, own)
            return


def _free(session: Session, whose: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that somebody gets back, without an own identifier that is another's by now."""
    own_id = columns.get("own_id")
    same = sa.func.lower(Customer.own_id) == sa.func.lower(own_id)
    if own_id is None or session.scalar(sa.select(Customer.id).where(same, Customer.id != whose["id"])) is None:
        return dict(columns)
    return {**columns, "own_id": None}


def _check_document(session: Session, whose: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Raises Conflict `id-taken` where somebody else has got by now the document that somebody gets back."""
    if columns.get("id_hash") is None:
        return
    other = session.scalar(
        sa.select(Customer.number).where(
            Customer.id_hash == columns["id_hash"],
            Customer.id_country == columns["id_country"],
            Customer.id_kind == columns["id_kind"],
            Customer.state == CustomerState.ACTIVE,
            Customer.id != whose["id"],
        )
    )
    if other is not None:
        raise errors.document_taken(other)


def _come_back(
    session: Session, survivor: Mapping[str, Any], merged: Mapping[str, Any], given: Mapping[str, Any],
    merge: CustomerMerge,
) -> None:  # fmt: skip
    """Let the merged one be a customer again, with the fields that are `given` back."""
    _check_document(session, merged, {**merged, **given})
    write_fields(session, merged, {"state": CustomerState.ACTIVE, "merged_into": None, **_free(session, merged, given)})
    aliases: list[int] = merge.moved["aliases"]
    if aliases:
        session.execute(
            sa.update(Customer)
            .where(Customer.id.in_(aliases), Customer.merged_into == survivor["id"])
            .values(merged_into=merged["id"])
        )


def _give_rows(session: Session, merge: CustomerMerge) -> None:
    given = {"source": merge.survivor_id, "target": merge.merged_id}
    for name, statement in _BACK.items():
        if merge.moved.get(name):
            session.execute(statement, given | {"ids": merge.moved[name]})
    for plan_id, person, year in merge.moved.get("birthdays", ()):
        session.execute(_BIRTHDAYS, given | {"plan": plan_id, "person": person, "year": year})
    for kind, customer_id, relative_id in merge.moved["dropped_relatives"]:
        session.execute(_RELATIVE, {"kind": kind, "customer": customer_id, "relative": relative_id})
    for offer_id, day, uses in merge.moved["uses"]:
        session.execute(_USES, given | {"offer": offer_id, "day": day, "uses": uses})


def _give_membership(session: Session, told: Mapping[str, Any], merge: CustomerMerge, cause: Cause) -> None:
    held = hold(session, told["membership"])
    if told["whole"]:
        session.execute(
            sa.update(Membership)
            .where(Membership.customer_id == held.customer_id, Membership.id == held.membership_id)
            .values(customer_id=merge.merged_id)
        )
        _give_account(session, held.membership_id, told, merge, cause)
        return
    story = story_of(session, held, told, merge)
    take_days(session, held, ended_before(session, held, told, merge), story, cause)
    drop_shared(session, held.membership_id, told.get("levels", ()), today=cause.on)
    ending, ends = story.ended, False
    if ending is not None:
        ends = hold(session, told["of"]).state is MembershipState.OPEN
        end_part(session, told["of"], on=ending.on, reason=REASON, now=cause.now, by=cause.by)
    if "from" in told:
        _part_points(session, told, story, ends=ends, cause=cause)
    stand_as_before(session, told, cause)
    slide_back(session, told["of"], merge, cause)


def _part_points(session: Session, told: Mapping[str, Any], story: Story, *, ends: bool, cause: Cause) -> None:
    """Give the points that came over back to their own account, with whoever shares it."""
    ending, source, target = story.ended, Account(*told["to"]), Account(*told["from"])
    set_heir(session, target, None)
    # Frozen points, and those that wait for their day, came over too.
    came = _came(told, cause.on)
    left = came if ending is None else min(came, balance_at(session, source, ending.at))
    points = min(left, _alive(session, source, cause.on))
    if points:
        transfer_points(session, source, target, points=points, pending=True, cause=cause)
    carry_standing(session, source, target)
    if ends and ending is not None:
        _share_ending(session, ending.at, source, target, came - left, cause)
    _point_to(session, [told["of"], *told["sharing"]], target)
    if ending is not None and hold_account(session, source).state is AccountState.FROZEN:
        freeze_account(session, target, until=hold_account(session, source).frozen_until)
    give_place_back(session, told, cause=cause)


def _share_ending(
    session: Session, ended_at: dt.datetime, source: Account, target: Account, points: int, cause: Cause
) -> None:
    """Of what the ending took, the points that had come over were taken from the one who is back: each ending is undone
    by itself from now on, and gives everybody their own."""
    for seq, lost in movements_at(session, source, at=ended_at, kinds=(MovementKind.ENDED,)):
        part = min(points, -lost)
        if part <= 0:
            continue
        points -= part
        back = replace(cause, kind=MovementKind.RESTORED)
        give_back_points(session, source, part, of=seq, policy=ReturnPolicy(), cause=back)
        alive = _alive(session, source, cause.on)
        if alive:
            transfer_points(session, source, target, points=min(part, alive), pending=True, cause=cause)
            end_account(session, target, policy=DROPPED, cause=replace(cause, kind=MovementKind.ENDED, reason=""))


def _came(told: Mapping[str, Any], on: dt.date) -> int:
    """The points that came over, but for those that have expired: nobody's others make up for them."""
    days = told.get("days", [(None, told["points"])])  # a merge of before these were kept
    left = sum(points for last, points in days if last is None or dt.date.fromisoformat(last) >= on)
    return max(min(left, told["points"]), 0)


def _alive(session: Session, account: Account, on: dt.date) -> int:
    """The points that haven't expired, whether or not they can be used on this day."""
    return sum(lot.remaining for lot in hold_account(session, account).lots if not lot.expired(on))


def _give_account(
    session: Session, membership_id: int, told: Mapping[str, Any], merge: CustomerMerge, cause: Cause
) -> None:
    """The account of a membership that goes back whole, with whoever shares it by now; one of somebody else stays."""
    source = account_of(session, membership_id)
    if source.holder_id != merge.survivor_id:
        return
    target = Account(*told["from"]) if "from" in told else new_account(session, source, merge.merged_id)
    set_heir(session, target, None)
    transfer_points(session, source, target, cause=cause)
    # What the survivor bought meanwhile gave its points to the membership that goes back, and goes back with it.
    set_heir(session, source, target)
    move_settlements(session, source, target)
    session.execute(
        _STANDING, {"source": source.holder_id, "of": source.id, "target": target.holder_id, "id": target.id}
    )
    session.execute(
        sa.update(Membership)
        .where(Membership.points_holder_id == source.holder_id, Membership.points_account_id == source.id)
        .values(points_holder_id=target.holder_id, points_account_id=target.id)
    )


def _point_to(session: Session, memberships: Sequence[int], account: Account) -> None:
    session.execute(
        sa.update(Membership)
        .where(Membership.id.in_(memberships))
        .values(points_holder_id=account.holder_id, points_account_id=account.id)
    )


def _give_consents(
    session: Session,
    survivor: Mapping[str, Any],
    merged: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    now: dt.datetime,
    by: Actor,
) -> None:
    """The survivor's are again what they were; but a no stays a no, and one said since holds for both."""
    ours: dict[str, bool | None] = {}
    theirs: dict[str, bool | None] = {}
    for channel in CONSENTS:
        current, (before, joined) = survivor[f"consent_{channel}"], told[channel]
        if before is None and joined is True and current is True:
            ours[channel] = None
        if current is False and joined is not False:
            theirs[channel] = False
    write_consents(session, survivor["id"], ours, now=now, by=by)
    write_consents(session, merged["id"], theirs, now=now, by=by)


_BIRTHDAYS = sa.text(
    """
    UPDATE birthday_grants SET customer_id = :target
     WHERE customer_id = :source AND plan_id = :plan AND person = :person AND year = :year
    """
)
_BACK = {
    "plans": sa.text("UPDATE birthday_plans SET customer_id = :target WHERE customer_id = :source AND id = ANY(:ids)"),
    "cards": sa.text("UPDATE cards SET customer_id = :target WHERE customer_id = :source AND id = ANY(:ids)"),
    "coupons": sa.text("UPDATE coupons SET customer_id = :target WHERE customer_id = :source AND id = ANY(:ids)"),
    "relatives": sa.text(
        "UPDATE customer_relatives SET customer_id = :target WHERE customer_id = :source AND id = ANY(:ids)"
    ),
    "named_by": sa.text(
        "UPDATE customer_relatives SET relative_id = :target WHERE relative_id = :source AND id = ANY(:ids)"
    ),
    "parked_relatives": sa.text(
        "UPDATE customer_relatives SET customer_id = :source WHERE customer_id = :target AND id = ANY(:ids)"
    ),
    "classes": sa.text(
        """
        DELETE FROM customer_classifications c USING customer_classifications o
         WHERE c.customer_id = :source AND c.name = ANY(:ids)
           AND o.customer_id = :target AND (o.name, o.value) = (c.name, c.value)
        """
    ),
    # A sale that is still open, and with it the fee of a membership that goes back.
    "baskets": sa.text(
        """
        UPDATE baskets SET customer_id = :target
         WHERE customer_id = :source AND state <> 'paid' AND id = ANY(CAST(:ids AS uuid[]))
        """
    ),
    "lists": sa.text("DELETE FROM segment_customers WHERE customer_id = :source AND segment_id = ANY(:ids)"),
}
_STANDING = sa.text(
    """
    UPDATE points_accounts a
       SET state = o.state, frozen_until = o.frozen_until, idle_last_day = o.idle_last_day,
           redeemed_on = o.redeemed_on, redeemed_that_day = o.redeemed_that_day
      FROM points_accounts o
     WHERE (o.customer_id, o.id) = (:source, :of) AND (a.customer_id, a.id) = (:target, :id)
    """
)
_RELATIVE = sa.text(
    """
    INSERT INTO customer_relatives (customer_id, kind, relative_id) VALUES (:customer, :kind, :relative)
        ON CONFLICT DO NOTHING
    """
)
# What was cancelled since was taken from both already.
_USES = sa.text(
    """
    UPDATE offer_member_uses
       SET uses = greatest(0, uses - least(:uses, (SELECT its.uses FROM offer_member_uses its
                                                    WHERE its.customer_id = :target AND its.offer_id = :offer
                                                      AND its.day = CAST(:day AS date))))
     WHERE customer_id = :source AND offer_id = :offer AND day = CAST(:day AS date)
    """
)
