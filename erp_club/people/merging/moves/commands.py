"""Moving what belongs to one customer to another one, thing by thing; each tells what it moved, for the way back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import correct_membership
from erp_club.clubs.commands import Held, hold
from erp_club.clubs.days.commands import last_event_no
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.households.commands import give_place
from erp_club.clubs.households.queries import place_of
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.models import Membership
from erp_club.clubs.periods import Span, without
from erp_club.people import errors
from erp_club.people.merging.rules import joined_days
from erp_club.permissions.actors import Actor
from erp_club.points.commands import renew_account, set_heir, transfer_points
from erp_club.points.expiry.commands import end_idle
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.points.ledger.commands import Moved as Movement
from erp_club.points.moves.commands import carry_standing
from erp_club.programmes.overrides.commands import share_levels
from erp_club.programmes.standings.commands import LookCause, look

REASON = "Merged: one person"
Moved = dict[str, Any]


def move_rows(session: Session, source: int, target: int) -> Moved:
    """Cards, coupons, relatives, baskets that are open, and what counts against limits of offers.

    Of a relative whom both have named, one row stays with the source, who is nobody's by now: so it gives nothing, and
    is there when the merge is undone.
    """
    given = {"source": source, "target": target}
    session.execute(_SUSPECTED, given)
    dropped = [list(row) for row in session.execute(_DROP_RELATIVES, given)]
    relatives = list(session.scalars(_RELATIVES, given))
    named_by = list(session.scalars(_NAMED_BY, given))
    parked = [each for each in session.scalars(_PARK_RELATIVES, given) if each not in relatives]
    return {
        "cards": list(session.scalars(_CARDS, given)),
        "coupons": list(session.scalars(_COUPONS, given)),
        "relatives": relatives,
        "named_by": named_by,
        "dropped_relatives": dropped,
        "parked_relatives": parked,
        "classes": list(session.scalars(_CLASSES, given)),
        "lists": list(session.scalars(_LISTS, given)),
        "uses": [list(row) for row in session.execute(_USES, given)],
        "birthdays": [list(row) for row in session.execute(_BIRTHDAYS, given)],
        "plans": list(session.scalars(_PLANS, given)),
        "baskets": [str(row) for row in session.scalars(_BASKETS, given)],
    }


def move_memberships(
    session: Session, source: int, target: int, *, today: dt.date, now: dt.datetime, by: Actor
) -> list[Moved]:
    """Memberships in clubs that the target isn't in move whole; in one that both are in, days and points join.

    A place in a household goes along. Raises Conflict `two-households`, and `membership-paused` or `membership-unpaid`
    where one of the two that have to be joined is paused or waits for a fee.
    """
    ids = sa.select(Membership.id, Membership.club_id).where(Membership.customer_id == source).order_by(Membership.id)
    made: list[Moved] = []
    for membership_id, club_id in session.execute(ids).all():
        own = session.scalar(
            sa.select(Membership.id).where(Membership.customer_id == target, Membership.club_id == club_id)
        )
        cause = Cause(MovementKind.TRANSFERRED, today, now, by, reason=REASON)
        place = None
        if own is not None:
            took = place_of(session, own) is None
            given = give_place(session, membership_id, own, cause=cause)
            place = given and {"household": given.household_id, "main": given.is_main, "took": took}
        held = hold(session, membership_id)
        if own is None:
            made.append(_move_whole(session, held, target, cause))
        else:
            made.append(_join(session, held, hold(session, own), cause) | ({"place": place} if place else {}))
    return made


def look_again(session: Session, customers: Sequence[int], *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Let the levels be what the purchases of each of these come to by now."""
    accounts = {
        (each.points_account_id, each.holder_id)
        for customer in customers
        for each in earning_memberships(session, customer, on=today)
    }
    cause = LookCause(LevelCause.MERGE, today, now, by)
    look(session, [(holder, account) for account, holder in sorted(accounts)], cause)


def account_of(session: Session, membership_id: int) -> Account:
    """The points account of a membership and who holds it."""
    row = session.execute(
        sa.select(Membership.points_account_id, Membership.points_holder_id).where(Membership.id == membership_id)
    ).one()
    return Account(*row)


def new_account(session: Session, like: Account, customer_id: int) -> Account:
    """An empty account of a customer that stands as another one does."""
    given = {"target": customer_id, "holder": like.holder_id, "id": like.id}
    return Account(session.scalars(_ACCOUNT, given).one(), customer_id)


def _move_whole(session: Session, held: Held, target: int, cause: Cause) -> Moved:
    account = account_of(session, held.membership_id)
    told: Moved = {"membership": held.membership_id, "whole": True}
    if account.holder_id == held.customer_id:
        made = new_account(session, account, target)
        told |= _move_points(session, account, made, cause)
        move_settlements(session, account, made)
    session.execute(
        sa.update(Membership)
        .where(Membership.customer_id == held.customer_id, Membership.id == held.membership_id)
        .values(customer_id=target)
    )
    return told


def _join(session: Session, other: Held, own: Held, cause: Cause) -> Moved:
    if MembershipState.PAUSED in {other.state, own.state}:
        raise errors.paused_membership()
    if _unpaid(session, other, own):
        raise errors.unpaid_membership()
    told: Moved = {"membership": own.membership_id, "whole": False, "of": other.membership_id}
    added = without(other.spans, own.spans)
    reopens = own.state is MembershipState.ENDED and other.state is MembershipState.OPEN
    told |= _revive(session, other, own, reopens=reopens, cause=cause)
    if reopens:
        told["was"] = [own.state, own.state_on.isoformat() if own.state_on else None]
        session.execute(
            sa.update(Membership)
            .where(Membership.customer_id == own.customer_id, Membership.id == own.membership_id)
            .values(state=MembershipState.OPEN, state_on=None)
        )
    if added and (reopens or own.state is MembershipState.OPEN):
        days = joined_days(own.spans, other.spans)
        correct_membership(session, own.membership_id, spans=days, reason=REASON, now=cause.now, by=cause.by)
        told["added"] = [_told(span) for span in added]
    told["event_no"] = last_event_no(session, own)
    told["levels"] = share_levels(session, other, own, on=cause.on)
    source, target = account_of(session, other.membership_id), account_of(session, own.membership_id)
    if source.holder_id == other.customer_id and source != target:
        both = [(each.holder_id, each.id) for each in (source, target)]
        end_idle(session, both, on=cause.on, now=cause.now, by=cause.by)
        told |= _move_points(session, source, target, cause)
        carry_standing(session, source, target)
    return told


def _revive(session: Session, other: Held, own: Held, *, reopens: bool, cause: Cause) -> Moved:
    """Open the account of a membership that goes on with another one's days; tells how it stood, and until when the
    days went."""
    theirs, ours = hold_account(session, other.account), hold_account(session, own.account)
    if ours.state is AccountState.OPEN or not (reopens or theirs.state is AccountState.OPEN):
        return {}
    renew_account(session, ours.account, cause=replace(cause, kind=MovementKind.ENDED, reason=""))
    if ours.account.holder_id != own.customer_id:
        return {}
    until = ours.frozen_until.isoformat() if ours.frozen_until else None
    return {"stood": [ours.state, until, str(max((span.last for span in own.spans if span.last), default=dt.date.min))]}


def _unpaid(session: Session, *memberships: Held) -> bool:
    """Whether one of these waits for its fee, or would lose days or a level with a fee that is due."""
    ids = [each.membership_id for each in memberships]
    waits = any(each.state is MembershipState.WAITING for each in memberships)
    return waits or session.scalars(_DUE, {"ids": ids}).one()


def _move_points(session: Session, source: Account, target: Account, cause: Cause) -> Moved:
    """All points and debt, and whoever else shares the account: it is the other one from now on."""
    moved = transfer_points(session, source, target, cause=cause)
    set_heir(session, source, target)
    sharing = session.scalars(
        sa.update(Membership)
        .where(Membership.points_holder_id == source.holder_id, Membership.points_account_id == source.id)
        .where(Membership.customer_id != source.holder_id)
        .values(points_holder_id=target.holder_id, points_account_id=target.id)
        .returning(Membership.id)
    ).all()
    session.execute(
        sa.update(Membership)
        .where(Membership.customer_id == source.holder_id, Membership.points_account_id == source.id)
        .where(Membership.points_holder_id == source.holder_id)
        .values(points_holder_id=target.holder_id, points_account_id=target.id)
    )
    return {
        "from": [source.id, source.holder_id],
        "to": [target.id, target.holder_id],
        "points": moved[1].points if moved else 0,
        "days": _days_of(session, target, moved[1]) if moved else [],
        "sharing": list(sharing),
    }


def _days_of(session: Session, account: Account, moved: Movement) -> list[tuple[str | None, int]]:
    """Until when points that moved can be used, and how many until then: what has expired goes back to nobody."""
    ends = {lot.id: lot.last_day for lot in hold_account(session, account).lots}
    days = ((ends.get(part.lot_id), part.amount) for part in moved.parts)
    return [(day.isoformat() if day else None, amount) for day, amount in days]


def move_settlements(session: Session, source: Account, target: Account) -> None:
    """What was given for periods goes with the account, so that no period is settled twice and rests aren't lost."""
    given = {"source": source.holder_id, "of": source.id, "target": target.holder_id, "id": target.id}
    session.execute(_SETTLEMENTS, given)


def _told(span: Span) -> list[str | None]:
    return [span.first.isoformat(), span.last.isoformat() if span.last else None]


# What was frozen stays frozen, and what was used today counts against the day's limit.
_ACCOUNT = sa.text(
    """
    INSERT INTO points_accounts (customer_id, state, frozen_until, idle_last_day, redeemed_on, redeemed_that_day)
    SELECT :target, state, frozen_until, idle_last_day, redeemed_on, redeemed_that_day
      FROM points_accounts WHERE (customer_id, id) = (:holder, :id) RETURNING id
    """
)
_DUE = sa.text("SELECT EXISTS (SELECT FROM membership_fees WHERE membership_id = ANY(:ids) AND state = 'due')")
_CARDS = sa.text("UPDATE cards SET customer_id = :target WHERE customer_id = :source RETURNING id")
_COUPONS = sa.text("UPDATE coupons SET customer_id = :target WHERE customer_id = :source RETURNING id")
# A link between the two, and one that the target has already, would stand twice or lead to oneself.
_DROP_RELATIVES = sa.text(
    """
    DELETE FROM customer_relatives r
     WHERE (r.customer_id = :source AND r.relative_id = :target)
        OR (r.customer_id = :target AND r.relative_id = :source)
        OR (r.customer_id = :source AND EXISTS (
             SELECT FROM customer_relatives o WHERE o.customer_id = :target AND o.relative_id = r.relative_id))
        OR (r.relative_id = :source AND EXISTS (
             SELECT FROM customer_relatives o WHERE o.relative_id = :target AND o.customer_id = r.customer_id))
    RETURNING r.kind, r.customer_id, r.relative_id
    """
)
_RELATIVES = sa.text(
    """
    UPDATE customer_relatives r SET customer_id = :target
     WHERE r.customer_id = :source AND NOT EXISTS (
       SELECT FROM customer_relatives o WHERE o.customer_id = :target AND lower(o.name) = lower(r.name)
          AND o.birthday IS NOT DISTINCT FROM r.birthday)
    RETURNING r.id
    """
)
# Who is linked as a customer, from either side, is that and no name beside it.
_PARK_RELATIVES = sa.text(
    """
    UPDATE customer_relatives r SET customer_id = :source
     WHERE r.customer_id = :target AND EXISTS (
       SELECT FROM customer_relatives o
         JOIN customers k ON k.id = CASE o.customer_id WHEN :target THEN o.relative_id ELSE o.customer_id END
        WHERE :target IN (o.customer_id, o.relative_id) AND k.state = 'active' AND k.birthday = r.birthday
          AND lower(r.name) IN (lower(k.given_name), lower(btrim(concat(k.given_name, ' ', k.family_name))),
                                lower(k.given_name_2), lower(btrim(concat(k.given_name_2, ' ', k.family_name_2)))))
    RETURNING r.id
    """
)
_NAMED_BY = sa.text("UPDATE customer_relatives SET relative_id = :target WHERE relative_id = :source RETURNING id")
_CLASSES = sa.text(
    """
    INSERT INTO customer_classifications (customer_id, name, value)
    SELECT :target, name, value FROM customer_classifications WHERE customer_id = :source
        ON CONFLICT DO NOTHING RETURNING name
    """
)
_LISTS = sa.text(
    """
    INSERT INTO segment_customers (customer_id, segment_id)
    SELECT :target, segment_id FROM segment_customers WHERE customer_id = :source
        ON CONFLICT DO NOTHING RETURNING segment_id
    """
)
_SETTLEMENTS = sa.text(
    """
    UPDATE period_settlements SET customer_id = :target, account_id = :id
     WHERE customer_id = :source AND account_id = :of
    """
)
# What the target was given around the same date stays the one that counts.
_BIRTHDAYS = sa.text(
    """
    UPDATE birthday_grants g SET customer_id = :target
     WHERE g.customer_id = :source AND NOT EXISTS (
        SELECT FROM birthday_grants o
         WHERE o.customer_id = :target AND o.plan_id = g.plan_id AND o.person = g.person
           AND (o.year = g.year OR o.day > g.day - 180 AND o.day < g.day + 180))
    RETURNING plan_id, person, year
    """
)
_PLANS = sa.text("UPDATE birthday_plans SET customer_id = :target WHERE customer_id = :source RETURNING id")
_SUSPECTED = sa.text("DELETE FROM suspected_pairs WHERE :source IN (low_id, high_id)")
_USES = sa.text(
    """
    INSERT INTO offer_member_uses AS u (customer_id, offer_id, day, uses)
    SELECT :target, offer_id, day, uses FROM offer_member_uses WHERE customer_id = :source
        ON CONFLICT (customer_id, offer_id, day) DO UPDATE SET uses = u.uses + excluded.uses
    RETURNING offer_id, day::text,
              (SELECT o.uses FROM offer_member_uses o
                WHERE (o.customer_id, o.offer_id, o.day) = (:source, u.offer_id, u.day))
    """
)
_BASKETS = sa.text(
    "UPDATE baskets SET customer_id = :target WHERE customer_id = :source AND state <> 'paid' RETURNING id"
)
